/**
 * Secrets of routers replaced while people log in through them: nobody is refused, nothing is lost, and afterwards the old ones are wrong. Through the whole
 * product with a real FreeRADIUS; also where the router, its API or the worker dies in the middle.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { RouterOsVersion, Session } from '../test-kit/mikrotik';
import { asOwner, makeActive, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { startWhole, type KnownRouter, type Whole } from '../test-kit/whole';

/** Patience, not a promise: spent only when something is broken. */
const PATIENCE_MS = 120_000;
jest.setTimeout(300_000);

let whole: Whole;
beforeAll(async () => {
  whole = await startWhole();
}, 120_000);
afterAll(() => whole?.stop(), 60_000);

const user = { name: 'lango', password: 'first-api-password' };
const addRouter = (version: RouterOsVersion): Promise<KnownRouter> =>
  whole.addRouter(
    { version, api: { port: 8728, users: [user] } },
    { api_username: user.name, api_password: user.password },
  );

/** People who dial, report, are told of and hang up, over and over, each on a line of their own. */
function traffic({ device }: KnownRouter, names: readonly string[]) {
  const methods = ['pap', 'chap', 'mschap2'] as const;
  const wrong: unknown[] = [];
  const sessions: Session[] = [];
  let going = true;
  const line = async (username: string, n: number): Promise<void> => {
    while (going) {
      const login = await device.connectPppoe({
        username,
        password: 'open-sesame',
        mac: `02:00:00:00:00:0${n}`,
        authentication: methods[n % methods.length]!,
      });
      if (login.kind !== 'online') {
        wrong.push(login);
        continue;
      }
      sessions.push(login.session);
      login.session.addTraffic(1000, 5000);
      await login.session.interim();
      await login.session.logout();
    }
  };
  const lines = Promise.all(names.map(line));
  return {
    wrong,
    sessions,
    async stop(): Promise<void> {
      going = false;
      await lines;
      await device.idle();
    },
  };
}
type Traffic = ReturnType<typeof traffic>;

const customers = (count: number): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, async () => String((await makeActive(whole.api))['username'])));

interface Run {
  state: string;
  step: string;
  fault: string | null;
  times: Record<string, string>;
}
const runOf = async (router: KnownRouter): Promise<Run | undefined> =>
  (await whole.api.get<{ runs: Run[] }>(`/routers/${router.id}/rotation`)).body.runs[0];
const rotate = async (router: KnownRouter): Promise<void> => {
  const answer = await whole.api.post(`/routers/${router.id}/rotation`, {});
  expect([answer.status, answer.body]).toEqual([202, expect.anything()]);
};
const reaches = (router: KnownRouter, step: string): Promise<Run | undefined> =>
  until(
    () => runOf(router),
    (run) => run?.times[step] !== undefined,
    PATIENCE_MS,
  );
const over = (router: KnownRouter): Promise<Run | undefined> =>
  until(
    () => runOf(router),
    (run) => run?.state !== 'running',
    PATIENCE_MS,
  );

/** No login was refused or unanswered, no record lost, and the books hold exactly what the routers sent. */
async function nothingLost(router: KnownRouter, { wrong, sessions }: Traffic): Promise<void> {
  expect(wrong).toEqual([]);
  expect(sessions.flatMap((session) => session.reports.filter((report) => !report.acknowledged))).toEqual([]);
  const ids = sessions.map((session) => session.id);
  const booked = await until(
    () =>
      asOwner<{ sessions: string; up: string; down: string }>(
        whole.db,
        `SELECT count(*) AS sessions, sum(input_bytes) AS up, sum(output_bytes) AS down FROM session_all
         WHERE nas_id = $1 AND acct_session_id = ANY ($2) AND stopped_at IS NOT NULL`,
        [router.id, ids],
      ),
    ([row]) => Number(row?.sessions) === ids.length,
    PATIENCE_MS,
  );
  expect(booked[0]).toMatchObject({ up: String(ids.length * 1000), down: String(ids.length * 5000) });
}

/** What the router holds is what is kept here, and nothing else is right any more. */
async function onlyTheNew(router: KnownRouter): Promise<void> {
  const { device, id, secret: old } = router;
  const [row] = device.config.rows('/radius');
  const [nas] = await asOwner(
    whole.db,
    'SELECT n.secret, (SELECT count(*) FROM rotation_secret s WHERE s.nas_id = n.id) AS open FROM nas n WHERE n.id = $1',
    [id],
  );
  expect(row).toMatchObject({
    secret: nas?.['secret'],
    'authentication-port': String(whole.authPort),
    'accounting-port': String(whole.acctPort),
  });
  expect(nas).toMatchObject({ open: '0' });
  expect(nas?.['secret']).not.toBe(old);
  expect(device.config.find('/user', { name: user.name })?.['password']).not.toBe(user.password);
  const ask = (secret: string, port = whole.authPort) =>
    whole.radclient({ ...router, secret }, { 'User-Name': 'nobody-at-all', 'User-Password': 'x' }, port);
  expect((await ask(old)).code).toBe('none');
  // radclient gives up after four seconds, in which a machine that runs other tests may answer nobody.
  await until(
    () => ask(String(nas?.['secret'])),
    ({ code }) => code === 'Access-Reject',
    PATIENCE_MS,
  );
  // The door is shut, also for the new one.
  expect((await ask(String(nas?.['secret']), whole.acctPort)).code).toBe('none');
  const before = device.statistics.timeouts;
  device.faults.wrongSecret = old;
  const lost = await device.connectPppoe({ username: 'nobody-at-all', password: 'x', authentication: 'chap' });
  expect([lost.kind, device.statistics.timeouts]).toEqual(['timeout', before + 1]);
  device.faults.wrongSecret = undefined;
  router.secret = String(nas?.['secret']);
}

test('three routers of three versions under constant logins: nobody refused, nothing lost, the old secrets wrong afterwards', async () => {
  const routers = await Promise.all((['6.49', '7.14', '7.18'] as const).map(addRouter));
  const names = await customers(9);
  const busy = routers.map((router, n) => traffic(router, names.slice(n * 3, n * 3 + 3)));
  await Promise.all(routers.map(rotate));
  const again = await whole.api.post(`/routers/${routers[0]?.id}/rotation`, {});
  expect(again.status).toBe(409);
  // Until it is over nobody puts a third secret between the two.
  expect((await whole.api.patch(`/routers/${routers[0]?.id}`, { secret: unique('third') })).status).toBe(409);
  for (const router of routers) expect(await over(router)).toMatchObject({ state: 'done', fault: null });
  const dialled = busy.map(({ sessions }) => sessions.length);
  // And go on with the new ones alone.
  await until(
    () => busy.map(({ sessions }) => sessions.length),
    (now) => now.every((n, at) => n > dialled[at]! + 5),
  );
  await Promise.all(busy.map((part) => part.stop()));
  for (const [n, router] of routers.entries()) {
    await nothingLost(router, busy[n]!);
    expect(router.device.statistics).toMatchObject({ timeouts: 0, badReplies: 0 });
    await onlyTheNew(router);
  }
  const audit = await asOwner(whole.db, `SELECT action FROM audit_event WHERE action LIKE 'rotation.%' ORDER BY id`);
  expect(audit.filter(({ action }) => action === 'rotation.finish')).toHaveLength(3);
});

test('an order is obeyed at every moment of it', async () => {
  const router = await addRouter('7.18');
  const [name = ''] = await customers(1);
  await rotate(router);
  let orders = 0;
  while ((await runOf(router))?.state === 'running') {
    const login = await router.device.connectPppoe({ username: name, password: 'open-sesame' });
    if (login.kind !== 'online') throw new Error(JSON.stringify(login));
    const since = router.device.events.position;
    // Its Start may be answered from the spool, a moment before it is in the books.
    const [open] = await until(
      async () => (await whole.api.get<{ items: Json[] }>(`/sessions?username=${name}`)).body.items,
      (items) => items.length > 0,
    );
    await whole.api.post(`/sessions/${open?.['id']}/disconnect`);
    await router.device.events.waitFor('ended', (ended) => ended.session === login.session, {
      since,
      timeout_ms: 20_000,
    });
    await router.device.idle();
    orders += 1;
  }
  expect(orders).toBeGreaterThan(3);
  // None had to wait for a second try.
  const [late] = await asOwner<{ n: string }>(
    whole.db,
    `SELECT count(*) AS n FROM enforcement_attempt a JOIN enforcement e ON e.id = a.enforcement_id WHERE e.nas_id = $1 AND a.outcome = 'silence'`,
    [router.id],
  );
  expect(late?.n).toBe('0');
});

test('a router that says yes and does nothing, then has its API away, then its power cut: both secrets are right until it is proven', async () => {
  const router = await addRouter('7.15');
  const names = await customers(2);
  const busy = traffic(router, names);
  router.device.faults.api = 'done_without_effect';
  await rotate(router);
  await until(
    () => runOf(router),
    (run) => run?.fault === 'not_taken',
    PATIENCE_MS,
  );
  router.device.faults.api = 'drop';
  await until(
    () => runOf(router),
    (run) => run?.fault === 'unreachable',
    PATIENCE_MS,
  );
  // Told by now and then: somebody hears of it.
  await until(
    () =>
      asOwner(
        whole.db,
        `SELECT 1 FROM monitoring_alert WHERE nas_id = $1 AND kind = 'rotation' AND closed_at IS NULL`,
        [router.id],
      ),
    (rows) => rows.length === 1,
    PATIENCE_MS,
  );
  await busy.stop();
  router.device.faults.api = 'normal';
  // Whatever the router holds when the power goes, it is right when it is back.
  await router.device.reboot({ downtime_ms: 1500 });
  const after = traffic(router, names);
  // What waits to be tried again is tried when somebody asks.
  await rotate(router);
  await reaches(router, 'prove');
  await after.stop();
  await router.device.reboot({ downtime_ms: 1500 });
  const last = traffic(router, names);
  await reaches(router, 'settle');
  expect(await over(router)).toMatchObject({ state: 'done', fault: null });
  await last.stop();
  for (const part of [busy, after, last]) await nothingLost(router, part);
  await onlyTheNew(router);
  const open = await asOwner(
    whole.db,
    'SELECT 1 FROM monitoring_alert WHERE nas_id = $1 AND closed_at IS NULL AND kind = $2',
    [router.id, 'rotation'],
  );
  expect(open).toEqual([]);
});

test('the worker is killed at every step: it goes on where it was, under constant logins', async () => {
  const router = await addRouter('7.14');
  const busy = traffic(router, await customers(2));
  await rotate(router);
  for (const step of ['look', 'tell', 'prove', 'settle', 'known', 'return', 'drain', 'withdrawn', 'password']) {
    await until(
      () => runOf(router),
      (run) => run?.times[step] !== undefined || run?.state === 'done',
      PATIENCE_MS,
    );
    killJobs();
    // Nobody has to wait out the half minute after which a step counts as lost.
    await asOwner(
      whole.db,
      `UPDATE rotation_run SET looked_clock = looked_clock - interval '1 minute', due_clock = due_clock - interval '1 minute' WHERE state = 'running'`,
    );
  }
  expect(await over(router)).toMatchObject({ state: 'done' });
  await busy.stop();
  await nothingLost(router, busy);
  await onlyTheNew(router);
});

/** kill -9 of the process of the jobs role of this product, and of no other. */
function killJobs(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const read = (file: string): string => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'latin1');
      } catch {
        return '';
      }
    };
    if (read('cmdline').endsWith('main.js\0jobs\0') && read('environ').includes(whole.dataDir))
      process.kill(Number(pid), 'SIGKILL');
  }
}

test('a router that cannot be told is left as it is, and says why', async () => {
  const router = await addRouter('7.18');
  router.device.config.plant('/radius', {
    service: 'ppp',
    address: '127.0.0.9',
    secret: 'another',
    'authentication-port': String(whole.authPort),
    'accounting-port': String(whole.acctPort),
    timeout: '1s',
    comment: 'who knows',
  });
  await rotate(router);
  expect(await over(router)).toMatchObject({ state: 'failed', step: 'look', fault: 'other_rows' });
  const [row] = router.device.config.rows('/radius');
  expect(row?.['secret']).toBe(router.secret);
  expect(await router.device.connectPppoe({ username: 'nobody-at-all', password: 'x' })).toMatchObject({
    kind: 'rejected',
  });
  expect(await asOwner(whole.db, 'SELECT 1 FROM rotation_secret WHERE nas_id = $1', [router.id])).toEqual([]);
});
