/**
 * What stock FreeRADIUS with its own SQL queries gets wrong (or only just right) about sessions, measured on 3.2.1: each case is played to the
 * real listener over UDP, every packet has to be answered, and the rows and the usage have to be right.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Listener, startListener } from '../../radius/accounting/listener';
import { addText } from '../../radius/attributes';
import { Code, PacketBuilder } from '../../radius/packet';
import { exchange } from '../../radius/testing';
import { createAccountingWorld, type AccountingWorld, type Attributes, type SessionRow } from './accounting-world';

/** One packet. Counters and session time are of the session so far. */
interface Step {
  /** Seconds that pass before it is sent. */
  after_s?: number;
  status?: 'Start' | 'Interim-Update' | 'Stop' | 'Accounting-On';
  /** The octets of this earlier step once more. */
  again?: number;
  session?: string;
  time_s?: number;
  input?: number;
  output?: number;
  /** Event-Timestamp lies this many seconds before now; without it the packet carries none. */
  ago_s?: number;
  more?: Attributes;
}

/** What must stand in the database. Moments are told by the number of the step whose moment they are. */
interface Wanted extends Partial<
  Pick<SessionRow, 'input_bytes' | 'output_bytes' | 'session_time_s' | 'closed_by' | 'generation' | 'acct_session_id'>
> {
  began?: { step: number; before_s: number };
  ended?: { step: number; before_s: number } | null;
}

interface Case {
  defect: string;
  /** What the stock queries do. */
  stock: string;
  steps: Step[];
  wanted: Wanted[];
  usage: { input: number; output: number; hours?: number };
}

const device = { 'Calling-Station-Id': '02:00:00:00:00:0A' };
const tower = (name: string): Attributes => ({ 'NAS-Identifier': name, 'NAS-IP-Address': '192.168.88.1' });
const whole = (step: number, time_s = 0) => ({ step, before_s: time_s });

const cases: Case[] = [
  {
    defect: 'duplicate Start after Interim, no Event-Timestamp',
    stock: 'start time moves to arrival time',
    steps: [
      { status: 'Start' },
      { after_s: 300, status: 'Interim-Update', time_s: 300, input: 10, output: 100 },
      { after_s: 5, again: 0 },
    ],
    wanted: [{ began: whole(0), output_bytes: '100', ended: null }],
    usage: { input: 10, output: 100 },
  },
  {
    defect: 'older Interim after newer',
    stock: 'counters go backwards',
    steps: [
      { status: 'Start', ago_s: 0 },
      { after_s: 600, status: 'Interim-Update', time_s: 600, input: 20, output: 200, ago_s: 0 },
      { after_s: 1, status: 'Interim-Update', time_s: 300, input: 10, output: 100, ago_s: 301 },
    ],
    wanted: [{ input_bytes: '20', output_bytes: '200', session_time_s: '600', ended: null }],
    usage: { input: 20, output: 200 },
  },
  {
    defect: 'Interim without octets',
    stock: 'counters reset to 0',
    steps: [
      { status: 'Start', ago_s: 0 },
      { after_s: 300, status: 'Interim-Update', time_s: 300, input: 10, output: 100, ago_s: 0 },
      { after_s: 300, status: 'Interim-Update', time_s: 600, ago_s: 0 },
    ],
    wanted: [{ input_bytes: '10', output_bytes: '100', session_time_s: '600', ended: null }],
    usage: { input: 10, output: 100 },
  },
  {
    defect: 'late Start after Stop',
    stock: 'start > stop',
    steps: [
      { status: 'Stop', time_s: 400, input: 10, output: 100, ago_s: 0 },
      { after_s: 20, status: 'Start', ago_s: 420 },
    ],
    wanted: [{ began: whole(0, 400), ended: whole(0), closed_by: 'stop', output_bytes: '100' }],
    usage: { input: 10, output: 100 },
  },
  {
    defect: 'late Interim after Stop',
    stock: 'ignored, and no answer at all: the NAS sends it again and again',
    steps: [
      { status: 'Start', ago_s: 0 },
      { after_s: 400, status: 'Stop', time_s: 400, input: 10, output: 100, ago_s: 0 },
      { after_s: 10, status: 'Interim-Update', time_s: 300, input: 9, output: 90, ago_s: 110 },
    ],
    wanted: [{ ended: whole(1), closed_by: 'stop', output_bytes: '100', session_time_s: '400' }],
    usage: { input: 10, output: 100 },
  },
  {
    defect: 'late duplicate Stop, no Event-Timestamp',
    stock: 'stop time moves',
    steps: [
      { status: 'Start' },
      { after_s: 400, status: 'Stop', time_s: 400, input: 10, output: 100 },
      { after_s: 120, again: 1 },
    ],
    wanted: [{ began: whole(0), ended: whole(1), closed_by: 'stop', output_bytes: '100' }],
    usage: { input: 10, output: 100 },
  },
  {
    defect: 'Interim first (lost Start)',
    stock: 'start = now, should be now - session time',
    steps: [{ status: 'Interim-Update', time_s: 900, input: 10, output: 100, ago_s: 0 }],
    wanted: [{ began: whole(0, 900), ended: null, output_bytes: '100' }],
    usage: { input: 10, output: 100 },
  },
  {
    defect: 'Stop only',
    stock: 'right',
    steps: [{ status: 'Stop', time_s: 900, input: 10, output: 100, ago_s: 0 }],
    wanted: [{ began: whole(0, 900), ended: whole(0), closed_by: 'stop', session_time_s: '900' }],
    usage: { input: 10, output: 100 },
  },
  {
    defect: 'Gigawords 3/5',
    stock: 'right',
    steps: [
      { status: 'Start', ago_s: 0 },
      { after_s: 900, status: 'Interim-Update', time_s: 900, input: 12_884_901_895, output: 21_474_836_489, ago_s: 0 },
    ],
    wanted: [{ input_bytes: '12884901895', output_bytes: '21474836489' }],
    usage: { input: 12_884_901_895, output: 21_474_836_489 },
  },
  {
    defect: 'same session id again after Stop (NAS reboot)',
    stock: 'the old row is overwritten: its usage is lost',
    steps: [
      { status: 'Start', ago_s: 0 },
      { after_s: 600, status: 'Stop', time_s: 600, input: 1_000_000, output: 5_000_000, ago_s: 0 },
      { after_s: 60, status: 'Start', ago_s: 0 },
      { after_s: 30, status: 'Stop', time_s: 30, input: 400, output: 4000, ago_s: 0 },
    ],
    wanted: [
      { generation: 0, began: whole(0), ended: whole(1), input_bytes: '1000000', output_bytes: '5000000' },
      { generation: 1, began: whole(2), ended: whole(3), input_bytes: '400', output_bytes: '4000' },
    ],
    usage: { input: 1_000_400, output: 5_004_000 },
  },
  {
    defect: 'lost Stop, and the same device comes back',
    stock: 'row open for ever; with Simultaneous-Use the same device is locked out',
    steps: [
      { status: 'Start', ago_s: 0, more: device },
      { after_s: 300, status: 'Interim-Update', time_s: 300, input: 10, output: 100, ago_s: 0, more: device },
      { after_s: 60, status: 'Start', session: 'next', ago_s: 0, more: device },
      { after_s: 60, status: 'Interim-Update', session: 'next', time_s: 60, input: 1, output: 2, ago_s: 0 },
    ],
    wanted: [
      { began: whole(0), ended: whole(1), closed_by: 'takeover', output_bytes: '100' },
      { began: whole(2), ended: null, output_bytes: '2' },
    ],
    usage: { input: 11, output: 102 },
  },
  {
    defect: 'Accounting-On',
    stock: 'session time counts up to the reboot, not to the last interim',
    steps: [
      { status: 'Start', ago_s: 0, more: tower('tower-1') },
      { after_s: 300, status: 'Interim-Update', time_s: 300, output: 100, ago_s: 0, more: tower('tower-1') },
      { after_s: 200, status: 'Accounting-On', ago_s: 0, more: tower('tower-1') },
    ],
    wanted: [{ ended: whole(1), closed_by: 'nas_reboot', session_time_s: '300', output_bytes: '100' }],
    usage: { input: 0, output: 100 },
  },
  {
    defect: 'Accounting-On from another NAS sharing the NAS-IP (NAT)',
    stock: "closes the other NAS's sessions",
    steps: [
      { status: 'Start', ago_s: 0, more: tower('tower-1') },
      { after_s: 60, status: 'Accounting-On', ago_s: 0, more: tower('tower-2') },
      { after_s: 60, status: 'Interim-Update', time_s: 120, output: 100, ago_s: 0, more: tower('tower-1') },
    ],
    wanted: [{ began: whole(0), ended: null, output_bytes: '100' }],
    usage: { input: 0, output: 100 },
  },
  {
    defect: 'usage per period',
    stock: 'not kept, only session totals',
    steps: [
      { status: 'Start', ago_s: 0 },
      { after_s: 3600, status: 'Interim-Update', time_s: 3600, input: 10, output: 100, ago_s: 0 },
      { after_s: 3600, status: 'Interim-Update', time_s: 7200, input: 30, output: 300, ago_s: 0 },
    ],
    wanted: [{ began: whole(0), ended: null, output_bytes: '300' }],
    usage: { input: 30, output: 300, hours: 2 },
  },
];

const secret = Buffer.from('stock-secret');
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
let world: AccountingWorld;
let dataDir: string;
let listener: Listener;
let shift_s = 0;
let identifier = 0;
let routers = 0;

beforeAll(async () => {
  world = await createAccountingWorld();
  dataDir = mkdtempSync(join(tmpdir(), 'lango-defects-'));
  // Every case has a router of its own, or one's Accounting-On would end the sessions of others.
  for (let i = 1; i <= cases.length + 2; i++) await world.router({ address: address(i), secret: String(secret) });
  listener = await startListener(
    { databaseUrl: world.database.urls.accounting, bind: '127.0.0.1', port: 0, dataDir, patience_ms: 10_000 },
    log,
  );
});
afterAll(async () => {
  await listener.stop();
  await world.end();
  rmSync(dataDir, { recursive: true, force: true });
});

test.each(cases)('$defect (stock: $stock)', async ({ steps, wanted, usage }) => {
  const played = await play(steps);
  const rows = await world.sessions();
  const own = rows.filter((row) => row.subscription_id === played.subscription);
  expect(own).toHaveLength(wanted.length);
  for (const [i, { began, ended, ...fields }] of wanted.entries()) {
    const row = own[i]!;
    expect(row).toMatchObject(fields);
    if (began) expectNear(row.started_at, played.moments[began.step]! - began.before_s * 1000);
    if (ended === null) expect(row.stopped_at).toBeNull();
    else if (ended) expectNear(row.stopped_at, played.moments[ended.step]! - ended.before_s * 1000);
  }
  const { hours, cycles, sessions } = await world.usage(played.subscription);
  expect(sessions).toMatchObject({ input: BigInt(usage.input), output: BigInt(usage.output) });
  expect([hours, cycles]).toEqual([sessions, sessions]);
  if (usage.hours !== undefined) expect(await hoursOf(played.subscription)).toBe(usage.hours);
});

test('lost Stop, and nobody comes back (stock: row open for ever)', async () => {
  const { subscription, moments } = await play([
    { status: 'Start', ago_s: 0 },
    { after_s: 300, status: 'Interim-Update', time_s: 300, input: 10, output: 100, ago_s: 0 },
  ]);
  const before = await world.usage(subscription);
  shift_s += 3 * 300 + 60;
  await world.shiftClock(`${shift_s} s`);
  await world.owner.query(
    `INSERT INTO accounting_spool (instance, host, pending_packets, beat_at, drained_at) VALUES ('defects', 'h', 0, clock_timestamp(), now() - interval '1 day')
     ON CONFLICT (instance) DO UPDATE SET beat_at = excluded.beat_at`,
  );
  await world.owner.query(`UPDATE accounting_spool SET drained_at = now() - interval '1 day'`);
  await world.owner.query('SELECT accounting_sweep_stale()');
  const row = (await world.sessions()).find((one) => one.subscription_id === subscription)!;
  expect(row).toMatchObject({ closed_by: 'stale', session_time_s: '300', output_bytes: '100' });
  expectNear(row.stopped_at, moments[1]!);
  expect(await world.usage(subscription)).toEqual(before);
});

test('nasreload (stock: never written)', async () => {
  const from = nextAddress();
  const restarted = async (): Promise<Date | null> => {
    const sql = 'SELECT reloadtime AS at FROM nasreload WHERE nasipaddress = $1';
    const { rows } = await world.owner.query<{ at: Date }>(sql, [from]);
    return rows[0]?.at ?? null;
  };
  await play([{ status: 'Start', session: '81a00001', ago_s: 0 }], from);
  expect(await restarted()).toBeNull();
  const on = await play([{ after_s: 100, status: 'Accounting-On', ago_s: 0 }], from);
  expectNear(await restarted(), on.moments[0]!);
  // A restart whose Accounting-On was lost is told by the boot digit of the next session id.
  const boot = await play(
    [
      { after_s: 100, status: 'Start', session: '81a00002', ago_s: 0 },
      { after_s: 100, status: 'Start', session: '81b00000', ago_s: 0 },
    ],
    from,
  );
  expectNear(await restarted(), boot.moments[1]!);
  expect((await world.sessions('81a00002'))[0]).toMatchObject({ closed_by: 'nas_reboot' });
});

/** Sends the steps, each of which must be answered, and gives the moments at which they were sent. */
async function play(
  steps: readonly Step[],
  from = nextAddress(),
): Promise<{ subscription: string; moments: number[] }> {
  const subscription = await world.subscription({ username: `defect${identifier}-${shift_s}`, interim_s: 300 });
  const { rows } = await world.owner.query<{ username: string }>('SELECT username FROM subscription WHERE id = $1', [
    subscription,
  ]);
  const moments: number[] = [];
  const sent: Buffer[] = [];
  for (const step of steps) {
    if (step.after_s !== undefined) {
      shift_s += step.after_s;
      await world.shiftClock(`${shift_s} s`);
    }
    moments.push(Date.now() + shift_s * 1000);
    const packet = step.again === undefined ? build(step, rows[0]!.username) : sent[step.again]!;
    sent.push(packet);
    const answer = await exchange(packet, {
      host: '127.0.0.1',
      port: listener.port,
      secret,
      sourceAddress: from,
      timeout_ms: 4000,
    });
    expect(answer.kind).toBe('reply');
  }
  return { subscription, moments };
}

function build(step: Step, username: string): Buffer {
  const builder = PacketBuilder.request(Code.AccountingRequest, (identifier = (identifier + 1) % 256));
  const counters =
    step.output === undefined
      ? {}
      : {
          'Acct-Input-Octets': (step.input ?? 0) % 2 ** 32,
          'Acct-Input-Gigawords': Math.floor((step.input ?? 0) / 2 ** 32),
          'Acct-Output-Octets': step.output % 2 ** 32,
          'Acct-Output-Gigawords': Math.floor(step.output / 2 ** 32),
        };
  const attributes: Attributes = {
    'Acct-Status-Type': step.status,
    ...(step.status === 'Accounting-On'
      ? {}
      : { 'Acct-Session-Id': step.session ?? 'first', 'User-Name': username, 'Acct-Session-Time': step.time_s }),
    ...counters,
    ...(step.ago_s === undefined ? {} : { 'Event-Timestamp': Math.floor(Date.now() / 1000) - step.ago_s }),
    ...step.more,
  };
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && !addText(builder, name, String(value))) throw new Error(`${name} is not understood`);
  return builder.seal(secret);
}

async function hoursOf(subscription: string): Promise<number> {
  const { rows } = await world.owner.query<{ n: string }>(
    'SELECT count(*) AS n FROM usage_hour_all WHERE subscription_id = $1',
    [subscription],
  );
  return Number(rows[0]?.n);
}

/** Event-Timestamp has whole seconds, and a busy machine takes some of its own. */
function expectNear(at: Date | null, wanted_ms: number): void {
  expect(Math.abs((at?.getTime() ?? 0) - wanted_ms)).toBeLessThan(3500);
}

function address(i: number): string {
  return `127.91.0.${i}`;
}

function nextAddress(): string {
  return address((routers += 1));
}

function quiet(): void {
  // Rows tell, not log lines.
}
