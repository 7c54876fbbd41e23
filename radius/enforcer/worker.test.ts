import type { Answer, CoaClient, Exchange } from './coa/client';
import type { ClaimBounds, EnforcementRecord, EnforcementStore } from './store';
import type { Task } from './task';
import { Worker } from './worker';

const log = { debug() {}, info() {}, warn() {}, error() {} } as never;
/** Long enough for what rows gather for, and far shorter than what the worker sleeps when nothing wakes it. */
const soon = () => jest.advanceTimersByTimeAsync(20);
let stop: () => Promise<void>;
beforeEach(() => jest.useFakeTimers());
afterEach(async () => {
  const stopped = stop();
  await jest.advanceTimersByTimeAsync(1000);
  await stopped;
  jest.useRealTimers();
});

/** A cut that nobody was told of yet. The router's address is its name. */
const cut = (id: string, router: string, silent: boolean): Task => ({
  id,
  due: '2030-01-01T00:00:00Z',
  nasId: router,
  silent,
  sessionId: id,
  tenantId: '1',
  kind: 'cut',
  reason: 'staff_disconnect',
  byHand: false,
  wanted: true,
  history: [],
  nas: { name: router, type: 'mikrotik', secret: 's', otherSecret: null, address: router, port: 1, front: null, api: null },
  session: {
    username: id,
    acctSessionId: id,
    framedIp: null,
    nasIdentifier: null,
    nasIpAddress: null,
    service: 'ppp',
    mode: 'full',
    rateLimit: null,
    heardS: 10,
    mac: null,
    ageS: 10,
  },
  login: null,
  endedBy: null,
  interimS: 300,
  silenceProvesInS: null,
  change: { rateLimit: null, addressList: null, sameRate: false, sessionTimeoutS: null, leftS: null, totalLimitBytes: null },
}); // prettier-ignore

/** The rows that wait, given out as enforcement_claim does: to each router as many as it has room for. */
class Rows {
  readonly silent = new Set<string>();
  /** Of these the session has ended: they are closed without a word to the router. */
  readonly ended = new Set<string>();
  recorded = 0;
  private readonly waiting: { id: string; router: string }[] = [];

  add(router: string, count: number): void {
    for (let n = 0; n < count; n += 1) this.waiting.push({ id: `${router}-${n}`, router });
  }

  async claim({ limit, window, room }: ClaimBounds): Promise<Task[]> {
    const taken = new Map<string, number>();
    const given: Task[] = [];
    for (const row of this.waiting.slice()) {
      const silent = this.silent.has(row.router);
      const most = room.get(row.router) ?? (silent ? 2 : window);
      const so_far = taken.get(row.router) ?? 0;
      if (given.length === limit || so_far >= most) continue;
      taken.set(row.router, so_far + 1);
      this.waiting.splice(this.waiting.indexOf(row), 1);
      const task = cut(row.id, row.router, silent);
      given.push(this.ended.has(row.router) ? { ...task, session: null } : task);
    }
    return given;
  }

  async noteRouter(router: string, outcome: string): Promise<boolean> {
    if (outcome === 'silence') this.silent.add(router);
    else this.silent.delete(router);
    return false;
  }

  enforceExpired = async (): Promise<number> => 0;
  enforceRules = async (): Promise<number> => 0;
  nextMs = async (): Promise<null> => null;

  async record(records: readonly EnforcementRecord[]): Promise<null> {
    this.recorded += records.length;
    return null;
  }
}

/** Exchanges under way, ended when the test says so. */
class Wire {
  readonly asked: string[] = [];
  private readonly open: { router: string; end: (answer: Answer) => void }[] = [];

  request({ address }: Exchange): Promise<Answer> {
    this.asked.push(address);
    return new Promise((end) => this.open.push({ router: address, end }));
  }

  underWay = (router: string): number => this.open.filter((one) => one.router === router).length;

  /** Ends that many exchanges with a router, and lets what follows from it happen. */
  async end(router: string, outcome: 'ack' | 'silence', count = 1): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const at = this.open.findIndex((one) => one.router === router);
      const [one] = this.open.splice(at, 1);
      one?.end(outcome === 'ack' ? { outcome, errorCause: null, ms: 1 } : { outcome, ms: 5000, refusedReplies: 0 });
    }
    await soon();
  }

  async close(): Promise<void> {
    for (const one of this.open.splice(0)) one.end({ outcome: 'aborted' });
  }
}

async function start(rows: Rows): Promise<{ wire: Wire; worker: Worker }> {
  const wire = new Wire();
  const worker = new Worker({
    instance: 'one',
    store: rows as unknown as EnforcementStore,
    client: wire as unknown as CoaClient,
    fronts: { close() {} } as never,
    visits: { close() {} } as never,
    log,
    hearsNotices: () => true,
    listeningSince: () => null,
  });
  stop = () => worker.stop(0);
  worker.wakeForRows();
  await soon();
  return { wire, worker };
}

test('orders that wait for a router go out as its answers make room: 8 at a time, twice as many with each answer, never more than 64', async () => {
  const rows = new Rows();
  rows.add('tower', 300);
  const { wire } = await start(rows);
  const seen = [wire.underWay('tower')];
  for (let n = 0; n < 5; n += 1) {
    await wire.end('tower', 'ack');
    seen.push(wire.underWay('tower'));
  }
  expect(seen).toEqual([8, 16, 32, 64, 64, 64]);
  while (wire.underWay('tower') > 0) {
    await wire.end('tower', 'ack', wire.underWay('tower'));
    expect(wire.underWay('tower')).toBeLessThanOrEqual(64);
  }
  expect(wire.asked).toHaveLength(300);
});

test('a router that falls silent keeps two under way, whose places the next ones take, until it answers', async () => {
  const rows = new Rows();
  rows.add('tower', 100);
  const { wire } = await start(rows);
  for (let n = 0; n < 3; n += 1) await wire.end('tower', 'ack');
  expect(wire.underWay('tower')).toBe(64);
  await wire.end('tower', 'silence');
  // Nothing new while more than two are under way.
  expect(wire.underWay('tower')).toBe(63);
  await wire.end('tower', 'silence', 61);
  expect(wire.underWay('tower')).toBe(2);
  for (let n = 0; n < 3; n += 1) {
    await wire.end('tower', 'silence');
    expect(wire.underWay('tower')).toBe(2);
  }
  await wire.end('tower', 'silence', 2);
  expect(wire.underWay('tower')).toBe(2);
  await wire.end('tower', 'ack');
  expect(wire.underWay('tower')).toBe(8);
});

test('a router that does not answer holds up no other: each has its own window', async () => {
  const rows = new Rows();
  rows.add('dead', 100);
  rows.add('live', 100);
  const { wire } = await start(rows);
  while (wire.underWay('live') > 0) await wire.end('live', 'ack', wire.underWay('live'));
  expect(wire.asked.filter((router) => router === 'live')).toHaveLength(100);
  expect(wire.underWay('dead')).toBe(8);
});

test('a router that the database knows to be silent has two under way, also after the first of them ended', async () => {
  const rows = new Rows();
  rows.add('tower', 100);
  rows.silent.add('tower');
  const { wire, worker } = await start(rows);
  for (let n = 0; n < 3; n += 1) {
    worker.wakeForRows();
    await soon();
    expect(wire.underWay('tower')).toBe(2);
    await wire.end('tower', 'silence', 2);
  }
});

test('rows that need no exchange make room in the moment they begin', async () => {
  const rows = new Rows();
  rows.add('tower', 100);
  rows.ended.add('tower');
  const { wire } = await start(rows);
  // Thirteen rounds of eight, which gather for 8 ms each.
  for (let n = 0; n < 7; n += 1) await soon();
  expect([rows.recorded, wire.asked.length]).toEqual([100, 0]);
});

test('an end of validity that moves while everything is looked at is looked at a tenth of a second later, and not when the worker has slept', async () => {
  const rows = new Rows();
  const { worker } = await start(rows);
  let looks = 0;
  let answer: () => void = () => undefined;
  rows.enforceExpired = async () => {
    looks += 1;
    return 0;
  };
  rows.nextMs = () => new Promise((resolve) => (answer = () => resolve(null)));
  worker.wake();
  await soon();
  worker.hint();
  rows.nextMs = async () => null;
  answer();
  await jest.advanceTimersByTimeAsync(150);
  expect(looks).toBe(2);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(looks).toBe(2);
});

test('an order whose outcome is written while everything is looked at is taken when it is due again', async () => {
  const rows = new Rows();
  rows.add('tower', 1);
  const { wire, worker } = await start(rows);
  let answer: () => void = () => undefined;
  rows.nextMs = () => new Promise((resolve) => (answer = () => resolve(null)));
  rows.record = async () => {
    rows.add('tower', 1);
    return 300 as never;
  };
  worker.wake();
  await soon();
  // The look has asked before the outcome was written, and its answer comes after.
  await wire.end('tower', 'silence');
  rows.nextMs = async () => null;
  answer();
  await jest.advanceTimersByTimeAsync(200);
  expect(wire.asked).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(200);
  expect(wire.asked).toHaveLength(2);
});
