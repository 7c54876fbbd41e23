/** Clocks that are set while sessions go on, and records that waited on the disk: what belongs to which life of a session id. */
import { createAccountingWorld, type AccountingWorld, type Attributes } from './accounting-world';

let world: AccountingWorld;
beforeAll(async () => {
  world = await createAccountingWorld();
});
afterAll(() => world.end());

const ago = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds;

/** Packets of one session id; `at`: when they are sent, in seconds ago, and `set_s`: what was done to the router's clock before. */
function packets(id: string, subscription: string | undefined) {
  return (status: string, at: number, o: { login?: string; seconds?: number; set_s?: number }): Attributes => ({
    'Acct-Status-Type': status,
    'Acct-Session-Id': id,
    'Event-Timestamp': ago(at) + (o.set_s ?? 0),
    ...(o.seconds === undefined ? {} : { 'Acct-Session-Time': o.seconds, 'Acct-Output-Octets': o.seconds * 10 }),
    ...(subscription && o.login ? { Class: `L1:${subscription}:${o.login}:f` } : {}),
  });
}

const [first, second] = ['00000000000000b1', '00000000000000b2'];
const lives = async (id: string) =>
  (await world.sessions(id)).map((row) => [row.output_bytes, row.closed_by]).sort((a, b) => (a[0]! < b[0]! ? -1 : 1));

test.each([
  ['back, before its first interim', -60],
  ['on, while its packets were under way', 60],
])('a session of which the router’s clock was set %s is counted once', async (_what, set_s) => {
  const id = `set${set_s}`;
  const router = await world.router({ address: `10.12.0.${set_s > 0 ? 1 : 2}` });
  const mine = await world.subscription({ username: id });
  const packet = packets(id, mine);
  await world.report(router, 200, packet('Start', 200, { login: first }));
  await world.report(router, 170, packet('Interim-Update', 170, { login: first, seconds: 30, set_s }));
  await world.report(router, 120, packet('Stop', 120, { login: first, seconds: 80, set_s }));
  // Late: sent before the clock was set, and after.
  await world.report(router, 100, packet('Interim-Update', 180, { login: first, seconds: 20 }));
  await world.report(router, 90, packet('Interim-Update', 150, { login: first, seconds: 50, set_s }));
  expect(await lives(id)).toEqual([['800', 'stop']]);
  expect((await world.usage(mine)).hours.output).toBe(800n);
});

test('somebody who logs in after the clock was set back is not taken for the one before', async () => {
  const router = await world.router({ address: '10.12.0.3' });
  const mine = await world.subscription({ username: 'set-between' });
  const packet = packets('between', mine);
  await world.report(router, 300, packet('Start', 300, { login: first }));
  await world.report(router, 200, packet('Stop', 200, { login: first, seconds: 100 }));
  await world.report(router, 180, packet('Start', 180, { login: second, set_s: -60 }));
  await world.report(router, 150, packet('Interim-Update', 150, { login: second, seconds: 30, set_s: -60 }));
  await world.report(router, 20, packet('Interim-Update', 20, { login: second, seconds: 160, set_s: -60 }));
  expect(await lives('between')).toEqual([
    ['1000', 'stop'],
    ['1600', null],
  ]);
  expect((await world.usage(mine)).hours.output).toBe(2600n);
});

test('somebody who logs in anew in the middle of a session goes on with it', async () => {
  const router = await world.router({ address: '10.12.0.4' });
  const mine = await world.subscription({ username: 'anew' });
  const packet = packets('anew', mine);
  await world.report(router, 300, packet('Start', 300, { login: first }));
  await world.report(router, 200, packet('Interim-Update', 200, { login: first, seconds: 100 }));
  await world.report(router, 100, packet('Interim-Update', 100, { login: second, seconds: 200 }));
  await world.report(router, 50, packet('Interim-Update', 120, { login: second, seconds: 180 }));
  await world.report(router, 20, packet('Stop', 20, { login: second, seconds: 280 }));
  expect(await lives('anew')).toEqual([['2800', 'stop']]);
  expect((await world.usage(mine)).hours.output).toBe(2800n);
});

test.each<[string, ...(number | undefined)[]]>([
  ['was behind at the Start', -60, 0, 0],
  ['was a little behind at the Start', -8, 0, 0],
  ['is set after he logged in anew', 0, 0, 0, -60],
  ['is ahead and not believed', 3, 3, 3],
  ['is not told', undefined, undefined, undefined],
])('so does one whose router’s clock %s', async (what, ...set) => {
  const router = await world.router({ address: `10.12.1.${what.length}` });
  const mine = await world.subscription({ username: `anew ${what}` });
  const packet = packets(`anew ${what}`, mine);
  const said = (n: number, status: string, at: number, o: { login?: string; seconds?: number }): Attributes => ({
    ...packet(status, at, { ...o, set_s: set[Math.min(n, set.length - 1)] ?? 0 }),
    ...(set[0] === undefined ? { 'Event-Timestamp': undefined } : {}),
  });
  const report = (n: number, status: string, at: number, o: { login?: string; seconds?: number }) =>
    world.report(router, at, said(n, status, at, o));
  await report(0, 'Start', 4000, { login: first });
  await report(1, 'Interim-Update', 1000, { login: first, seconds: 3000 });
  await report(2, 'Interim-Update', 300, { login: second, seconds: 3700 });
  await report(3, 'Interim-Update', 200, { login: second, seconds: 3800 });
  await report(3, 'Stop', 20, { login: second, seconds: 3980 });
  expect(await lives(`anew ${what}`)).toEqual([['39800', 'stop']]);
  expect((await world.usage(mine)).cycles.output).toBe(39_800n);
});

test.each([
  ['of the same login', '10.12.0.6', first],
  ['that logged in anew by the login of the next', '10.12.0.8', second],
])('a late Stop of an earlier life %s does not end the one that goes on', async (_, address, login) => {
  const username = `remembered-${address}`;
  const router = await world.router({ address });
  const mine = await world.subscription({ username });
  const packet = packets(username, mine);
  await world.report(router, 900, packet('Start', 900, { login: first }));
  await world.report(router, 800, packet('Interim-Update', 800, { login, seconds: 100 }));
  await world.report(router, 400, { ...packet('Start', 400, { login }), 'Acct-Delay-Time': 0 });
  await world.report(router, 300, packet('Interim-Update', 300, { login, seconds: 100 }));
  await world.report(router, 200, packet('Stop', 650, { login, seconds: 250 }));
  expect(await lives(username)).toEqual([
    ['1000', null],
    ['2500', 'stop'],
  ]);
});

test('a late word of a life that lies in the archive is its own, though by chance it seems to go on with the life after it', async () => {
  const router = await world.router({ address: '10.12.0.7' });
  const mine = await world.subscription({ username: 'archived' });
  const packet = (status: string, login: string, seconds?: number): Attributes => ({
    ...packets('archived', mine)(status, 0, { login, ...(seconds === undefined ? {} : { seconds }) }),
    'Event-Timestamp': undefined,
  });
  await world.report(router, 2000, packet('Start', first));
  await world.report(router, 1931, packet('Interim-Update', first, 69));
  await world.report(router, 300, packet('Interim-Update', second, 25));
  await world.owner
    .query(`WITH moved AS (DELETE FROM session_live WHERE acct_session_id = 'archived' AND closed_by = 'new_generation' RETURNING *)
    INSERT INTO session_closed SELECT * FROM moved`);
  await world.report(router, 200, packet('Start', second));
  await world.report(router, 165, packet('Interim-Update', first, 55));
  await world.report(router, 150, packet('Stop', first, 87));
  expect((await lives('archived')).map(([bytes]) => bytes)).toEqual(['250', '870']);
});

test('what waited on the disk of a router without clock and Class is of the life that it was sent in', async () => {
  const router = await world.router({ address: '10.12.0.5' });
  const packet = (status: string, seconds?: number): Attributes => ({
    ...packets('waited', undefined)(status, 0, seconds === undefined ? {} : { seconds }),
    'Event-Timestamp': undefined,
  });
  await world.report(router, 700, packet('Start'));
  // Kept on the disk from here on …
  const kept = [
    world.record(router, 620, packet('Interim-Update', 80)),
    world.record(router, 600, packet('Stop', 100)),
  ];
  // … while the next life was written at once.
  await world.report(router, 400, packet('Start'));
  await world.report(router, 340, packet('Interim-Update', 60));
  await world.write(kept);
  await world.report(router, 200, packet('Interim-Update', 200));
  expect(await lives('waited')).toEqual([
    ['1000', 'stop'],
    ['2000', null],
  ]);
});
