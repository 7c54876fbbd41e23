import { createAccessWorld, homeRouter, type AccessWorld } from './access-world';

jest.setTimeout(60_000);

let world: AccessWorld;
beforeAll(async () => {
  world = await createAccessWorld();
});
afterAll(async () => {
  await world.end();
});

describe('names that a stranger makes up', () => {
  test.each([
    ['a quote', "o'brien"],
    ['a plus and a realm', 'asha+1@isp.example'],
    ['an injection', "x'; DROP TABLE radcheck; --"],
    ['a FreeRADIUS expansion', '%{sql:SELECT 1}'],
    ['a backslash and a double quote', 'dom\\us"er'],
    ['the longest', 'n'.repeat(128)],
    ['other scripts', 'мария-✓'],
  ])('%s is a name like any other', async (_what, username) => {
    await world.addSubscription({ username });
    expect((await world.ask({ username })).code).toBe('accept');
    expect((await world.ask({ username, password: 'wrong' })).code).toBe('reject');
  });

  test.each([
    ['an invalid byte', Buffer.from([0x61, 0xff, 0x62])],
    ['a NUL', Buffer.from('ab\0cd')],
    ['a cut-off character', Buffer.from([0xe2, 0x9c])],
    ['253 octets of nothing', Buffer.alloc(253, 0xfe)],
  ])('%s is nobody’s, which is a refusal and not silence', async (_what, username) => {
    expect(await world.ask({ username })).toMatchObject({
      code: 'reject',
      reply: { 'Reply-Message': 'Wrong username or password.' },
    });
  });

  test('none of it has cost a table', async () => {
    expect(await world.sql('SELECT count(*) FROM radcheck')).toHaveLength(1);
  });
});

describe('no credential', () => {
  test('reaches a log or radpostauth, right or wrong', async () => {
    await world.addSubscription({ username: 'secretive', password: 'Xq7-right-one' });
    for (const method of ['pap', 'chap', 'mschap1', 'mschap2'] as const) {
      await world.ask({ username: 'secretive', password: 'Xq7-right-one', method });
      await world.ask({ username: 'secretive', password: 'Xq7-wrong-one', method });
    }
    await world.reasonOf('secretive');
    expect(world.freeradius.logs()).toContain(
      'secretive'
        .split('')
        .map((c) => c.charCodeAt(0).toString(16))
        .join(''),
    );
    const rows = await world.sql<{ row: string }>(`SELECT to_jsonb(p)::text AS row FROM radpostauth p`);
    const everything = world.freeradius.logs() + rows.map(({ row }) => row).join('');
    for (const secret of [
      'Xq7',
      Buffer.from('Xq7').toString('hex'),
      homeRouter.secret,
      'sesame',
      new URL(world.db.urls.radius).password,
    ]) {
      expect(everything).not.toContain(secret);
    }
    expect(await world.sql(`SELECT 1 FROM radpostauth WHERE pass <> ''`)).toEqual([]);
  });
});
