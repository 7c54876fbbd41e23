import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiClient, type ApiClient } from '../test-kit/api-client';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { SimulatedMikrotik, type Session } from '../test-kit/mikrotik';
import { freePorts } from '../test-kit/ports';
import { firstAdmin, startProgram, type Program } from '../test-kit/program';
import { asOwner, make, makePackage, unique } from '../test-kit/story';
import { makeTwoHosts, type TestHost, type TwoHosts } from '../test-kit/two-hosts';
import { until } from '../test-kit/until';

// Two machines with every part of Lango each, and nothing in common but Postgres: network namespaces with their own addresses, data folders and ways to the
// database. Routers know both, one of them first. Nothing is done twice, nobody leads, and what one leaves undone the other does.

jest.setTimeout(120_000);

const perRouter = 12;
let db: TestDatabase;
let net: TwoHosts;
let ports: number[];
const programs = new Map<TestHost, Program>();
const folders: string[] = [];
const routers: SimulatedMikrotik[] = [];
const api = new Map<TestHost, ApiClient>();

async function start(host: TestHost, dataDir = folder()): Promise<Program> {
  const settings = { DATABASE_URL: host.databaseUrl, LANGO_MASTER_KEY: db.masterKey.toString('base64') };
  const program = await startProgram(dataDir, settings, { host, ports });
  programs.set(host, program);
  return program;
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'lango-host-'));
  chmodSync(dir, 0o711);
  folders.push(dir);
  return dir;
}

async function signIn(program: Program): Promise<ApiClient> {
  const { email, password } = firstAdmin;
  const answer = await apiClient(program.baseUrl).post<{ token: string }>('/auth/login', { email, password });
  expect(answer.status).toBe(200);
  return apiClient(program.baseUrl, answer.body.token);
}

/** A router that asks `first` before the other. */
async function addRouter(n: number, first: TestHost): Promise<SimulatedMikrotik> {
  const [, authPort = 0, acctPort = 0] = ports;
  const rows = [first, ...net.hosts.filter((host) => host !== first)].map(({ address }) => ({
    address,
    authPort,
    acctPort,
  }));
  const secret = unique('s3cret');
  const address = net.routerAddress(n);
  const router = await SimulatedMikrotik.start({
    identity: unique('tower'),
    address,
    secret,
    servers: rows,
    timeout_ms: 700,
    tries: 2,
    accountingOn: false,
    automaticInterims: false,
    seed: n + 1,
  });
  routers.push(router);
  await make(api.get(first)!, '/routers', {
    name: router.identity,
    address,
    secret,
    type: 'mikrotik',
    coa_port: router.coaPort,
  });
  return router;
}

/** So many customers, sold through one host, each online on that router. */
async function online(
  router: SimulatedMikrotik,
  host: TestHost,
  count: number,
): Promise<{ session: Session; id: string }[]> {
  const plan = await makePackage(api.get(host)!, { simultaneous_use: 1 });
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = await make(api.get(host)!, '/clients', { name: 'Two Hosts', phone: '0712345678' });
      const username = unique('both');
      const sold = { client_id: client['id'], package_id: plan['id'], username, password: 'open-sesame' };
      const { id } = await make(api.get(host)!, '/subscriptions', sold);
      expect((await api.get(host)!.post(`/subscriptions/${String(id)}/activate`)).status).toBe(200);
      const login = await until(
        () => router.connectPppoe({ username, password: 'open-sesame' }),
        ({ kind }) => kind === 'online',
        20_000,
      );
      if (login.kind !== 'online') throw new Error(login.kind);
      return { session: login.session, id: String(id) };
    }),
  );
}

interface Done {
  subscription: string;
  state: string;
  reason: string;
  /** Tries that the router answered. */
  answered: number;
}

/** The cuts ordered for these subscriptions. */
const cuts = (ids: string[]): Promise<Done[]> =>
  asOwner<Done>(
    db,
    `SELECT e.subscription_id::text AS subscription, e.state, e.reason, (SELECT count(*)::int FROM enforcement_attempt a WHERE a.enforcement_id = e.id AND a.outcome <> 'silence') AS answered
     FROM enforcement e WHERE e.kind = 'cut' AND e.subscription_id = ANY ($1::bigint[]) ORDER BY e.id`,
    [ids],
  );

/** Processes with a fresh heartbeat, by part. */
async function alive(): Promise<Record<string, number>> {
  const rows = await asOwner<{ part: string; n: number }>(
    db,
    `SELECT part, count(*)::int AS n FROM platform_heartbeat WHERE beat_at > clock_timestamp() - interval '16 seconds' GROUP BY part`,
  );
  return Object.fromEntries(rows.map(({ part, n }) => [part, n]));
}

const allProven = (rows: Done[], count: number): boolean =>
  rows.length >= count && rows.every(({ state }) => state === 'proven');

beforeAll(async () => {
  db = await createTestDatabase();
  net = await makeTwoHosts(db.ownerUrl);
  ports = await freePorts(4);
  // At once, on a database that has never been started on.
  const both = await Promise.all(net.hosts.map((host) => start(host)));
  await Promise.all(both.map((program) => program.ready(90_000)));
  for (const host of net.hosts) api.set(host, await signIn(programs.get(host)!));
}, 120_000);

afterAll(async () => {
  await Promise.all(routers.map((router) => router.close()));
  await Promise.all([...programs.values()].map((program) => program.end()));
  await net?.close();
  await db?.drop();
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
}, 60_000);

test('two hosts that start at once make one company and one administrator, and both serve', async () => {
  expect(await asOwner(db, 'SELECT count(*)::int AS n FROM tenant')).toEqual([{ n: 1 }]);
  expect(await asOwner(db, 'SELECT count(*)::int AS n FROM staff')).toEqual([{ n: 1 }]);
  expect(await alive()).toMatchObject({ enforcer: 2, jobs: 2 });
});

test('customers on both come to their end in the same second: each is cut once, by one order', async () => {
  const [a, b] = net.hosts;
  const [viaA, viaB] = [await addRouter(0, a), await addRouter(1, b)];
  const people = [...(await online(viaA, a, perRouter)), ...(await online(viaB, b, perRouter))];
  const ids = people.map(({ id }) => id);
  await until(
    () => asOwner<{ n: number }>(db, 'SELECT count(*)::int AS n FROM session_live WHERE stopped_at IS NULL'),
    ([row]) => row?.n === people.length,
  );
  await asOwner(
    db,
    `UPDATE subscription SET expires_at = lango_now() + interval '2 seconds' WHERE id = ANY ($1::bigint[])`,
    [ids],
  );
  const done = await until(
    () => cuts(ids),
    // The Stop that proves a cut may be written down before the answer to the order.
    (rows) => allProven(rows, people.length) && rows.every(({ answered }) => answered > 0),
    20_000,
  );
  // One order each, which the router carried out at the first word it heard; a second enforcer at it would have been told that there is no such session.
  expect(done.map(({ subscription }) => subscription).sort()).toEqual([...ids].sort());
  expect(done.filter(({ answered, reason }) => answered !== 1 || reason !== 'expired')).toEqual([]);
  // Disconnects only: their end was moved past every caller, and the sweep may have told them of it.
  const outcomes = ({ events }: typeof viaA): string[] =>
    events.all.flatMap((event) =>
      event.kind === 'coa' && event.request === 'Disconnect-Request' ? [event.outcome.kind] : [],
    );
  const each = Array.from({ length: perRouter }, () => 'ack');
  expect([viaA, viaB].map(outcomes)).toEqual([each, each]);
  expect([...viaA.sessions, ...viaB.sessions]).toEqual([]);
});

test('a tick of scheduled work runs on one host, and the audit is sealed in one line', async () => {
  // A tick has one row, whoever ran it: each end of a run is written down here, so that a second one shows.
  for (const statement of [
    'CREATE TABLE tick_end (job text, scheduled_for timestamptz, error text)',
    `CREATE FUNCTION tick_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
       $$ BEGIN INSERT INTO public.tick_end VALUES (NEW.job, NEW.scheduled_for, NEW.error); RETURN NULL; END $$`,
    `CREATE TRIGGER tick_end AFTER UPDATE ON platform_job_tick FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION tick_end()`,
  ])
    await asOwner(db, statement);
  const ends = (): Promise<{ runs: number; ticks: number; failed: number }[]> =>
    asOwner(
      db,
      'SELECT count(*)::int AS runs, count(DISTINCT (job, scheduled_for))::int AS ticks, count(error)::int AS failed FROM tick_end',
    );
  const [seen] = await until(ends, ([row]) => (row?.ticks ?? 0) >= 5, 90_000);
  expect(seen).toMatchObject({ runs: seen?.ticks, failed: 0 });
  const sealed = (): Promise<{ checked: number; unsealed: number; problem: string | null }[]> =>
    asOwner(db, 'SELECT checked::int, unsealed::int, problem FROM audit_verify()');
  const [audit] = await until(sealed, ([row]) => row?.unsealed === 0, 90_000);
  expect(audit?.problem).toBeNull();
  expect(audit?.checked).toBeGreaterThan(0);
});

test('a host that alone loses the database is silent, so that its routers ask the other; both serve again when it is back', async () => {
  const [a] = net.hosts;
  const router = await addRouter(4, a);
  const [before] = await online(router, a, 1);
  await a.cable.unplug();
  before!.session.addTraffic(100, 700);
  await before!.session.interim();
  expect(await online(router, net.hosts[1], 2)).toHaveLength(2);
  await a.cable.plug();
  await until(
    () => fetch(`${programs.get(a)!.baseUrl}/readyz`).then(({ status }) => status),
    (status) => status === 200,
    30_000,
  );
  const usage = () =>
    asOwner<{ output: string }>(db, 'SELECT output_bytes::text AS output FROM usage_cycle WHERE subscription_id = $1', [
      before!.id,
    ]);
  // What this host had acknowledged meanwhile is in its spool, and comes.
  expect(await until(usage, ([row]) => row?.output === '700', 20_000)).toEqual([{ output: '700' }]);
});

test('when one host loses its power, the other takes its routers, its customers and what it had begun', async () => {
  const [a, b] = net.hosts;
  const router = await addRouter(2, a);
  const people = await online(router, a, perRouter);
  const begun = people.slice(0, 6);
  for (const { session } of people) session.addTraffic(1_000_000, 5_000_000);
  await Promise.all(people.map(({ session }) => session.interim()));

  // Orders that the dying host may have claimed an instant before.
  const suspended = Promise.all(
    begun.map(({ id }) => api.get(b)!.post(`/subscriptions/${id}/suspend`, { reason: 'unpaid' })),
  );
  const dying = programs.get(a)!;
  process.kill(dying.pid, 'SIGKILL');
  await net.cutOff(a);
  expect((await suspended).map(({ status }) => status)).toEqual(begun.map(() => 200));

  const ids = begun.map(({ id }) => id);
  const done = await until(
    () => cuts(ids),
    (rows) => allProven(rows, begun.length),
    40_000,
  );
  expect(done.map(({ subscription }) => subscription).sort()).toEqual([...ids].sort());

  // Those who stay report through the other host, and new ones come in through it.
  const staying = people.slice(6);
  for (const { session } of staying) session.addTraffic(250_000, 750_000);
  await Promise.all(staying.map(({ session }) => session.interim()));
  const newcomers = await online(router, b, 3);
  const used = await asOwner<{ id: string; input: string; output: string }>(
    db,
    `SELECT subscription_id::text AS id, sum(input_bytes)::text AS input, sum(output_bytes)::text AS output FROM usage_cycle
     WHERE subscription_id = ANY ($1::bigint[]) GROUP BY 1 ORDER BY 1`,
    [staying.map(({ id }) => id)],
  );
  expect(used).toHaveLength(staying.length);
  expect(used.filter(({ input, output }) => input !== '1250000' || output !== '5750000')).toEqual([]);
  expect(newcomers).toHaveLength(3);
  expect(await (await fetch(`${programs.get(b)!.baseUrl}/readyz`)).json()).toMatchObject({
    parts: { postgres: 'ok', freeradius: 'ok', accounting: 'ok', jobs: 'ok', enforcer: 'ok' },
  });
});

test('the host comes back and serves beside the other, whose customers notice nothing', async () => {
  const [a, b] = net.hosts;
  await programs.get(a)!.end();
  await net.reconnect(a);
  const again = await start(a, folders[0]);
  await again.ready(60_000);
  api.set(a, await signIn(again));
  const router = await addRouter(3, a);
  const [one] = await online(router, a, 1);
  expect((await api.get(b)!.post(`/subscriptions/${one!.id}/suspend`, { reason: 'unpaid' })).status).toBe(200);
  await until(
    () => cuts([one!.id]),
    (rows) => allProven(rows, 1),
    15_000,
  );
  // What the dead ones left behind is past its time by now.
  await until(alive, ({ enforcer, jobs }) => enforcer === 2 && jobs === 2, 30_000);
});

test('a host that is gone for good with reports in its spool holds up proof by silence for a day and no longer', async () => {
  const proves = (): Promise<{ at: Date | null }[]> =>
    asOwner(
      db,
      `SELECT enforcement_silence_proves_at(now(), now(), NULL, now(), 60, enforcement_heard_since(now() - interval '1 hour')) AS at`,
    );
  const silentFor = (span: string): Promise<unknown> =>
    asOwner(
      db,
      `INSERT INTO accounting_spool (instance, host, pending_packets, beat_at) VALUES ('burnt', 'burnt', 5, clock_timestamp() - $1::interval)
       ON CONFLICT (instance) DO UPDATE SET beat_at = excluded.beat_at`,
      [span],
    );
  await silentFor('23 hours');
  expect(await proves()).toEqual([{ at: null }]);
  await silentFor('25 hours');
  expect(await proves()).toEqual([{ at: expect.any(Date) }]);
});
