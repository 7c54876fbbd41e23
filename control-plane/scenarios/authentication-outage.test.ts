import { setTimeout as sleep } from 'node:timers/promises';
import { healthAddress, healthSecret } from '../../freeradius-config/generate';
import { askStatus } from '../health';
import { Cable } from '../test-kit/cable';
import { until } from '../test-kit/until';
import { createAccessWorld, type AccessWorld, type Ask } from './access-world';

jest.setTimeout(90_000);

let world: AccessWorld;
const cable = new Cable();

beforeAll(async () => {
  world = await createAccessWorld((url) => cable.lay(url));
  await world.addSubscription({ username: 'asha' });
  await world.addSubscription({ username: 'late', expiresIn_s: -5 });
});
afterAll(async () => {
  await cable.unplug();
  await world.end();
});

const ask = async (o: Partial<Ask>): Promise<string> =>
  (await world.ask({ username: 'asha', timeout_ms: 500, ...o })).code;

const alive = (): Promise<boolean> =>
  askStatus({
    host: '127.0.0.1',
    port: world.freeradius.authPort,
    secret: healthSecret(world.db.masterKey),
    from: healthAddress,
  });

/** Everything that would be an Accept, a garden or a Reject is silence. */
async function expectSilence(): Promise<void> {
  const asked: Partial<Ask>[] = [
    {},
    { method: 'mschap2' },
    { password: 'wrong' },
    { username: 'late' },
    { username: 'late', service: 'hotspot' },
    { username: 'nobody' },
    { username: Buffer.from([0xff]) },
  ];
  const answers = await Promise.all(asked.map(ask));
  expect(answers).toEqual(asked.map(() => 'none'));
}

/** Milliseconds until logins are answered again, asking as a customer's device redials. */
async function recovers(limit_ms: number): Promise<number> {
  const start_ms = Date.now();
  while ((await ask({})) !== 'accept') {
    if (Date.now() - start_ms > limit_ms) throw new Error(`not back within ${limit_ms} ms`);
  }
  return Date.now() - start_ms;
}

test('Postgres gone: silence, never a Reject; back within seconds of its return', async () => {
  expect(await ask({})).toBe('accept');
  await cable.unplug();
  await expectSilence();
  expect(await alive()).toBe(false);
  await cable.plug();
  await recovers(4000);
  expect(await alive()).toBe(true);
  expect(await ask({ password: 'wrong' })).toBe('reject');
});

test('Postgres hanging: silence, never a Reject; back within seconds when it moves again', async () => {
  expect(await ask({})).toBe('accept');
  cable.hold();
  await expectSilence();
  expect(await alive()).toBe(false);
  await sleep(3000);
  await expectSilence();
  cable.release();
  await recovers(10_000);
});

test('connections that were cut while idle cost nobody a login', async () => {
  for (let i = 0; i < 16; i++) expect(await ask({})).toBe('accept');
  await world.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lango-authorizer'`);
  const answers: string[] = [];
  for (let i = 0; i < 16; i++) answers.push(await ask({}));
  expect(answers).not.toContain('reject');
  expect(answers.filter((code) => code === 'accept').length).toBeGreaterThanOrEqual(15);
});

test('a question that fails (a half-done upgrade) is silence too', async () => {
  await world.sql(`REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM lango_radius`);
  try {
    await expectSilence();
    expect(await alive()).toBe(false);
  } finally {
    for (const name of [
      'aaa_authorize',
      'aaa_authorize_many',
      'aaa_ask',
      'aaa_ready',
      'aaa_routers',
      'access_load_answers',
      'access_note_strangers',
    ])
      await world.sql(`GRANT EXECUTE ON FUNCTION ${name} TO lango_radius`);
  }
  await recovers(4000);
});

test('what was answered before and after stands in radpostauth, once each, although the log could not be loaded in between', async () => {
  await world.addSubscription({ username: 'logged' });
  await sleep(1500);
  await cable.unplug();
  await cable.plug();
  await recovers(4000);
  expect(await ask({ username: 'logged' })).toBe('accept');
  await cable.unplug();
  await sleep(1200);
  await cable.plug();
  await recovers(4000);
  expect(await ask({ username: 'logged', password: 'wrong' })).toBe('reject');
  const logged = () =>
    world.sql<{ reason: string }>(`SELECT reason FROM radpostauth WHERE username = 'logged' ORDER BY id`);
  await until(logged, (rows) => rows.length >= 2, 20_000);
  // None comes twice.
  await sleep(1000);
  const rows = await logged();
  expect(rows.map(({ reason }) => reason)).toEqual(['active', 'wrong_password']);
});
