import { createAccessWorld, homeRouter, type AccessWorld, type Ask } from './access-world';
import { until } from '../test-kit/until';

// Who guesses waits; who is a customer does not, whatever others try in their name.
jest.setTimeout(60_000);

let world: AccessWorld;
const elsewhere = '127.64.0.2';
beforeAll(async () => {
  world = await createAccessWorld();
  await world.addRouter({ address: elsewhere });
  await until(
    () => world.ask({ username: 'nobody', from: elsewhere, timeout_ms: 200 }),
    ({ code }) => code === 'reject',
  );
});
afterAll(async () => {
  await world.end();
});

const waiting = 'Too many wrong tries. Please wait a minute and try again.';
const guesser = '02:66:00:00:00:01';
const usual = '48:A9:8A:00:00:01';

/** Tries in vain until the sentence says that nothing is tried any more. Gives the number of tries. */
async function tryInVain(o: Partial<Ask> & { name?: (n: number) => string }): Promise<number> {
  let tries = 0;
  await until(
    async () => {
      tries += 1;
      const username = o.name?.(tries) ?? o.username ?? '';
      return world.ask({ station: guesser, password: `wrong-${tries}`, ...o, username });
    },
    ({ reply }) => reply['Reply-Message'] === waiting,
    15_000,
  );
  return tries;
}
/** Waits that began long ago, as if the minute were over. */
const endWaits = () =>
  world.sql(`UPDATE access_guess SET wait_until = lango_now() - interval '1 s' WHERE wait_until IS NOT NULL`);

test('guessing at a name from one router waits there, and is not told when it is right', async () => {
  await world.addSubscription({ username: 'victim' });
  expect(await tryInVain({ username: 'victim' })).toBeGreaterThan(10);
  for (const method of ['pap', 'chap', 'mschap2'] as const)
    expect(await world.ask({ username: 'victim', station: guesser, method })).toMatchObject({
      code: 'reject',
      reply: { 'Reply-Message': waiting },
    });
  await until(
    () => world.reasonOf('victim'),
    (reason) => reason === 'too_many_tries',
  );

  // From elsewhere the same name is free, also for a new device.
  expect((await world.ask({ username: 'victim', from: elsewhere, station: '02:77:00:00:00:01' })).code).toBe('accept');
  // And when the wait is over, the right password is right.
  await endWaits();
  expect((await world.ask({ username: 'victim', station: '02:77:00:00:00:02' })).code).toBe('accept');
});

test('a device that the customer has been online with, or is locked to, never waits', async () => {
  const id = await world.addSubscription({ username: 'payer', plan: { simultaneous_use: 5 } });
  await world.addSubscription({ username: 'locked-payer', macLock: usual });
  await world.addSession(id, { mac: usual });
  for (const username of ['payer', 'locked-payer']) {
    await tryInVain({ username });
    expect((await world.ask({ username, station: usual })).code).toBe('accept');
    expect(
      (await world.ask({ username, station: usual.toLowerCase().replaceAll(':', '-'), method: 'chap' })).code,
    ).toBe('accept');
    expect((await world.ask({ username, station: '02:77:00:00:00:03' })).reply['Reply-Message']).toBe(waiting);
    // Not even its own wrong password makes it wait.
    expect((await world.ask({ username, station: usual, password: 'wrong' })).reply['Reply-Message']).toBe(
      'Wrong username or password.',
    );
  }
});

test('a device that tries many names waits with every name, voucher codes too, and other devices do not', async () => {
  const code = await world.addVoucher();
  await world.addSubscription({ username: 'of-somebody-else' });
  expect(
    await tryInVain({ station: '02:66:00:00:00:02', name: (n) => `GUESS${n}`, service: 'hotspot' }),
  ).toBeGreaterThan(10);
  for (const username of [code, 'of-somebody-else'])
    expect(
      (
        await world.ask({
          username,
          station: '02:66:00:00:00:02',
          password: username === code ? code : 'sesame',
          service: 'hotspot',
        })
      ).reply['Reply-Message'],
    ).toBe(waiting);
  expect(
    (await world.ask({ username: code, station: '02:77:00:00:00:04', password: code, service: 'hotspot' })).code,
  ).toBe('accept');
  expect(
    (
      await world.ask({
        username: code,
        station: '02:66:00:00:00:02',
        password: code,
        service: 'hotspot',
        from: elsewhere,
      })
    ).code,
  ).toBe('accept');
});

test('devices that a hotspot tries by their address, and a modem with one wrong password, are no guessers', async () => {
  await world.addSubscription({ username: 'modem', password: 'new' });
  const modem = '02:88:00:00:00:01';
  for (let n = 0; n < 25; n++) {
    const device = `02:99:00:00:00:${String(10 + n)}`;
    await world.ask({ username: device, station: device, password: '', service: 'hotspot' });
    await world.ask({ username: 'modem', station: modem, password: 'old' });
  }
  await until(
    () =>
      world.sql<{ tries: number }>(
        `SELECT tries FROM access_guess WHERE kind = 'name' AND key = 'modem' AND tries >= 20`,
      ),
    (rows) => rows.length === 1,
  );
  const counted = await world.sql(
    `SELECT kind, key FROM access_guess WHERE key LIKE '02:99:%' OR (kind = 'device' AND key = $1 AND tries > 1)`,
    [modem],
  );
  expect(counted).toEqual([]);
  // The name waits here for strangers, but the modem that logs in with another name of its own does not.
  await world.addSubscription({ username: 'second-name' });
  expect((await world.ask({ username: 'second-name', station: modem })).code).toBe('accept');
});

test('a new password ends the wait at once, and rest is forgotten', async () => {
  const id = await world.addSubscription({ username: 'reset' });
  await tryInVain({ username: 'reset', station: '02:66:00:00:00:05' });
  await world.sql(`SELECT set_config('lango.tenant', $1, false)`, [world.tenantId]);
  await world.sql(`SELECT radius_set_password($1, 'fresh')`, [id]);
  await world.sql(`SELECT set_config('lango.tenant', '', false)`);
  expect((await world.ask({ username: 'reset', password: 'fresh', station: '02:66:00:00:00:05' })).code).toBe('accept');

  await world.sql(`UPDATE access_guess SET last_at = last_at - interval '16 minutes'`);
  await world.ask({ username: 'reset', password: 'wrong' });
  await until(
    () =>
      world.sql<{ n: number }>(
        `SELECT count(*)::int AS n FROM access_guess WHERE last_at < lango_now() - interval '15 minutes'`,
      ),
    ([row]) => row?.n === 0,
  );
});

test('while nobody guesses no router is watched, and no login looks', async () => {
  await world.sql('DELETE FROM access_guess');
  expect(await world.sql('SELECT DISTINCT company FROM aaa_routers()')).toEqual([{ company: 'approved' }]);
  await tryInVain({ username: 'watched-for', station: '02:66:00:00:00:06' });
  expect(await world.sql('SELECT address, company FROM aaa_routers() ORDER BY address')).toEqual([
    { address: homeRouter.address, company: 'watched' },
    { address: elsewhere, company: 'approved' },
  ]);
});
