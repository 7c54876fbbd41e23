import { createAccessWorld, type AccessWorld, type Answered, type Forgery } from './access-world';
import { until } from '../test-kit/until';

jest.setTimeout(60_000);

let world: AccessWorld;
beforeAll(async () => {
  world = await createAccessWorld();
});
afterAll(async () => {
  await world.end();
});

const mac = '48:A9:8A:77:10:3C';
/** Every value of radius-mac-format of a RouterOS hotspot profile. */
const formats = [
  '48:A9:8A:77:10:3C',
  '48 A9 8A 77 10 3C',
  '48-A9-8A-77-10-3C',
  '48A9:8A77:103C',
  '48A98A:77103C',
  '48A98A-77103C',
  '48A98A77103C',
];
const classOf = (answer: Answered) => Buffer.from(answer.reply['Class']?.replace(/^0x/, '') ?? '', 'hex').toString();

describe('a person on the hotspot’s login page', () => {
  test.each(['pap', 'chap'] as const)(
    'is let in by %s with name and password, and refused with a wrong one',
    async (method) => {
      const username = `page-${method}`;
      await world.addSubscription({ username });
      const hotspot = { username, method, service: 'hotspot' } as const;
      expect(await world.ask(hotspot)).toMatchObject({
        code: 'accept',
        reply: { 'Mikrotik-Rate-Limit': '5000k/10000k' },
      });
      expect((await world.ask({ ...hotspot, password: 'wrong' })).code).toBe('reject');
      expect((await world.ask({ ...hotspot, password: '' })).code).toBe('reject');
    },
  );
});

describe('a device that the hotspot tries by its address', () => {
  beforeAll(async () => {
    await world.addSubscription({ username: mac, password: mac });
  });

  test.each(formats)('as %s is let in by no password, by its address again, and by no other', async (format) => {
    const asked = { username: format, station: format, service: 'hotspot' } as const;
    for (const method of ['pap', 'chap'] as const) {
      expect((await world.ask({ ...asked, method, password: '' })).code).toBe('accept');
      expect((await world.ask({ ...asked, method, password: format })).code).toBe('accept');
      expect((await world.ask({ ...asked, method, password: 'guess' })).code).toBe('reject');
    }
  });

  test.each(formats)('as %s needs the site’s password where one is set', async (format) => {
    const named = format.replace('48', '4A');
    await world.addSubscription({ username: '4a:a9:8a:77:10:3c', password: 'site-pass' }).catch(() => undefined);
    const asked = { username: named, station: named, service: 'hotspot' } as const;
    expect((await world.ask({ ...asked, password: 'site-pass' })).code).toBe('accept');
    expect((await world.ask({ ...asked, password: '' })).code).toBe('reject');
    expect((await world.ask({ ...asked, method: 'chap', password: '' })).code).toBe('reject');
  });

  test('is not another device: a name that is an address logs in from that address alone', async () => {
    const answer = await world.ask({ username: mac, password: '', station: '50:D4:F7:2E:91:B8', service: 'hotspot' });
    expect(answer).toMatchObject({
      code: 'reject',
      reply: { 'Reply-Message': expect.stringMatching(/another device/) },
    });
    await until(
      () => world.reasonOf(mac),
      (reason) => reason === 'wrong_mac',
    );
  });

  test('and is unknown gets a Reject, so that the login page opens', async () => {
    expect(
      (
        await world.ask({
          username: '02:00:00:00:00:99',
          password: '',
          station: '02:00:00:00:00:99',
          service: 'hotspot',
        })
      ).code,
    ).toBe('reject');
    expect(await world.reasonOf('02:00:00:00:00:99')).toBe('unknown_user');
  });
});

test('an empty password is no password of an account that has one', async () => {
  await world.addSubscription({ username: 'has-one' });
  // Nor of one that has chosen its own name as the password, as many do.
  await world.addSubscription({ username: 'amina', password: 'amina' });
  await world.addSubscription({ username: 'halima', password: 'halima', expiresIn_s: -60 });
  for (const method of ['pap', 'chap'] as const)
    for (const service of ['hotspot', 'ppp'] as const) {
      for (const username of ['has-one', 'amina', 'halima'])
        expect((await world.ask({ username, password: '', method, service })).code).toBe('reject');
      expect((await world.ask({ username: 'amina', password: 'amina', method, service })).code).toBe('accept');
    }
});

describe('a voucher', () => {
  test.each([
    ['pap', 'code', (code: string) => code],
    ['chap', 'code', (code: string) => code],
    ['pap', 'nothing', () => ''],
    ['chap', 'nothing', () => ''],
  ] as const)(
    'that was never used is let in by %s with %s as the password, and nothing of it is spent',
    async (method, _what, password) => {
      const code = await world.addVoucher({ quota_bytes: 5_000_000_000, validity_count: 2, validity_unit: 'hour' });
      const answer = await world.ask({ username: code, password: password(code), method, service: 'hotspot' });
      expect(answer).toMatchObject({
        code: 'accept',
        reply: {
          'Mikrotik-Rate-Limit': '5000k/10000k',
          'Session-Timeout': '7200',
          'Mikrotik-Total-Limit': '705032704',
          'Mikrotik-Total-Limit-Gigawords': '1',
        },
      });
      expect(classOf(answer)).toMatch(/^L1:0:[0-9a-f]{16}:f$/);
      expect(await world.sql('SELECT used_at, subscription_id FROM voucher WHERE code = $1', [code])).toEqual([
        { used_at: null, subscription_id: null },
      ]);
      expect(await world.sql('SELECT 1 FROM subscription WHERE username = $1', [code])).toEqual([]);
      expect((await world.ask({ username: code, password: 'other', method, service: 'hotspot' })).code).toBe('reject');
    },
  );

  test('may be typed in small letters, with dashes or blanks', async () => {
    const code = await world.addVoucher();
    for (const typed of [
      code.toLowerCase(),
      `${code.slice(0, 4)}-${code.slice(4)}`,
      `${code.slice(0, 4).toLowerCase()} ${code.slice(4)}`,
    ])
      for (const password of ['', typed])
        expect((await world.ask({ username: typed, password, method: 'chap', service: 'hotspot' })).code).toBe(
          'accept',
        );
  });

  test('that was voided, or is another company’s, is nobody’s', async () => {
    const code = await world.addVoucher();
    await world.sql(
      'UPDATE voucher_batch b SET voided_at = lango_now() FROM voucher v WHERE v.batch_id = b.id AND v.code = $1',
      [code],
    );
    expect((await world.ask({ username: code, password: code, service: 'hotspot' })).code).toBe('reject');
    expect(await world.reasonOf(code)).toBe('unknown_user');
    const theirs = await world.addVoucher({}, await world.addTenant('Jirani'));
    expect((await world.ask({ username: theirs, password: theirs, service: 'hotspot' })).code).toBe('reject');
  });
});

describe('what a hotspot page adds to the request', () => {
  const integer = (value: number) => Buffer.from([0, 0, 0, value]);
  /** The attributes that a form can forge, with the value that would do most. Another device is refused as such, below. */
  const forgeries: Forgery = [
    [0, 6, integer(2)],
    [0, 7, integer(1)],
    [0, 61, integer(15)],
    [0, 25, Buffer.from('L1:1:0123456789abcdef:f')],
    [0, 30, Buffer.from('isp')],
    [0, 32, Buffer.from('another-router')],
    [0, 4, Buffer.from([10, 0, 0, 1])],
    [0, 8, Buffer.from([10, 0, 0, 1])],
    [0, 27, Buffer.from([0x7f, 0, 0, 0])],
    [14988, 8, Buffer.from('900M/900M')],
    [14988, 9, Buffer.from('north')],
  ];

  test.each(['first', 'last'] as const)(
    '%s widens nothing: no garden, no other device, no other rate, and no other Class',
    async (place) => {
      const forged = { [place]: forgeries };
      await world.addSubscription({ username: `forged-${place}`, expiresIn_s: 5000 });
      const honest = await world.ask({ username: `forged-${place}`, service: 'hotspot', method: 'chap' });
      const answer = await world.ask({ username: `forged-${place}`, service: 'hotspot', method: 'chap', forged });
      const given = ({ reply }: Answered) => ({
        ...reply,
        Class: '',
        'Message-Authenticator': '',
        'Session-Timeout': '',
      });
      expect(answer.code).toBe('accept');
      expect(given(answer)).toEqual(given(honest));
      expect(classOf(answer)).not.toContain('0123456789abcdef');
      expect(Number(answer.reply['Session-Timeout'])).toBeLessThanOrEqual(5000);

      await world.addSubscription({ username: `expired-${place}`, expiresIn_s: -5 });
      expect(await world.ask({ username: `expired-${place}`, service: 'hotspot', forged })).toMatchObject({
        code: 'reject',
        reply: { 'Reply-Message': expect.stringMatching(/expired/) },
      });
    },
  );

  describe.each(['first', 'last'] as const)('the device of somebody else, %s', (place) => {
    const another = '50:D4:F7:2E:91:B8';
    const named = (...macs: string[]) => ({
      [place]: macs.map((one) => [0, 31, Buffer.from(one)] as const),
    });
    const twice = { code: 'reject', reply: { 'Reply-Message': expect.stringMatching(/two devices/) } };

    test('opens no lock', async () => {
      const username = `locked-page-${place}`;
      await world.addSubscription({ username, macLock: mac });
      const asked = { username, service: 'hotspot', station: another } as const;
      for (const forged of [named(mac), named(mac, mac), named(another, mac)])
        expect(await world.ask({ ...asked, forged })).toMatchObject(twice);
      expect(await world.reasonOf(username)).toBe('two_devices');
      // Neither is accused alone.
      const told = await world.sql<{ station: string }>('SELECT station FROM radpostauth WHERE username = $1', [
        username,
      ]);
      expect(told.map(({ station }) => station)).not.toContain(mac);
      expect(await world.ask({ ...asked, station: mac })).toMatchObject({ code: 'accept' });
      // The same one twice is one.
      expect(await world.ask({ ...asked, station: mac, forged: named(mac) })).toMatchObject({ code: 'accept' });
    });

    test('opens no login of that device, which has no password', async () => {
      const theirs = place === 'first' ? '48:A9:8A:00:11:22' : '48:A9:8A:00:11:33';
      await world.addSubscription({ username: theirs, password: theirs, macLock: theirs });
      const asked = { username: theirs, password: '', service: 'hotspot', station: another } as const;
      expect(await world.ask({ ...asked, forged: named(theirs) })).toMatchObject(twice);
      expect(await world.ask({ ...asked, station: theirs })).toMatchObject({ code: 'accept' });
    });

    test('hides nobody who guesses: the right password is not looked at', async () => {
      const username = `guessed-page-${place}`;
      await world.addSubscription({ username });
      for (const method of ['pap', 'chap', 'mschap1', 'mschap2'] as const)
        for (const password of ['sesame', 'wrong'])
          expect(await world.ask({ username, password, method, service: 'hotspot', forged: named(mac) })).toMatchObject(
            twice,
          );
    });

    test('is not answered where the request itself is not', async () => {
      const from = place === 'first' ? '127.61.8.1' : '127.61.8.2';
      await world.addRouter({ address: from, policy: 'require' });
      const username = `unsigned-page-${place}`;
      await world.addSubscription({ username });
      const ask = (signed: boolean) => world.ask({ username, from, signed, forged: named(mac), timeout_ms: 300 });
      await until(
        () => ask(true),
        ({ code }) => code === 'reject',
      );
      expect((await ask(false)).code).toBe('none');
    });
  });
});
