import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectAgreement } from './agreement';
import { Dice } from './dice';
import { childrenOf, startProduct, type Product, type RunningProcess } from './product';
import { Violations, type Proof, type ProofInput, type ProofResult } from './proof';
import { act, Town, type Resident } from './town';

/** What is killed, by the names of the processes. `accounting` takes its workers with it. */
export const targets = {
  'a listener process': ['accounting worker'],
  'all listeners': ['accounting', 'accounting worker'],
  'the enforcer': ['enforcer'],
  Postgres: ['postgres'],
  FreeRADIUS: ['freeradius', 'nas-watcher'],
  'the web process': ['web'],
  'the jobs process': ['jobs'],
  'listeners, enforcer and Postgres at once': ['accounting', 'accounting worker', 'enforcer', 'postgres'],
} as const;
type Target = keyof typeof targets;

/** What happens to it: kill -9, or it stands still for some seconds and goes on as if nothing had been. */
interface Blow {
  how: 'kill' | 'hang';
  target: Target;
}
const allBlows: readonly Blow[] = (Object.keys(targets) as Target[]).flatMap((target) => [
  { how: 'kill' as const, target },
  // All at once is for kills: hung together they are a machine that was suspended, and every router has given up by then.
  ...(target === 'listeners, enforcer and Postgres at once' ? [] : [{ how: 'hang' as const, target }]),
]);

/**
 * Every part is killed (-9) and hung (SIGSTOP for some seconds) in random order while a town is online, reports, is paid for and suspended. The
 * routers try each packet three times, as RouterOS is set up to do.
 */
export const chaos: Proof = {
  name: 'chaos',
  shows:
    'kill -9 or some seconds of standstill of any part under load loses no acknowledged record, counts none twice, forgets no cut and locks no payer out',
  minutes: 5,
  run: runChaos,
};

async function runChaos(input: ProofInput): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const small = input.size === 'small';
  const product = await startProduct();
  let town: Town | undefined;
  try {
    input.progress('Lango serves; people move in');
    town = await Town.settle(
      product,
      small ? { routers: 2, residents: 40 } : { routers: 4, residents: 160 },
      dice.fork(),
    );
    town.live();
    await sleep(small ? 3000 : 10_000);
    const staff = new Staff(product, town.residents, dice.fork());
    const blowsDone = await strikeInTurn(product, input, dice.fork());
    await staff.end();
    input.progress('everything is left alone now; the network has to agree with what was sold');
    await product.ready();
    await town.rest();
    const { agreed_ms, compared } = await settled(product, town, violations);
    await moneyAgrees(product, staff, violations);
    return {
      done: {
        kills: tellBlows(blowsDone, 'kill'),
        'standstills of 2 to 6 seconds': tellBlows(blowsDone, 'hang'),
        'accounting records acknowledged': town.witness.acknowledged,
        'records given up by a router after three tries': town.witness.lost,
        sessions: town.witness.sessions,
        'sessions whose row equals the last report': compared.exact,
        'bytes compared': Number(compared.bytes),
        'actions of staff and money': staff.done,
        'people not entitled at the end': await unentitled(product),
        'wishes of the enforcer': await wishes(product),
        'seconds until routers and subscriptions agreed': agreed_ms / 1000,
      },
      violations: violations.found,
    };
  } finally {
    await town?.close();
    await product.stop();
  }
}

/** What must be true once everything is left alone: the network does what was sold, and every record is in its row. */
export async function settled(product: Product, town: Town, violations: Violations) {
  const agreed_ms = await expectAgreement(product, town, violations);
  await town.lastWords();
  const mark = town.witness.mark();
  await drained(product, violations);
  await nothingRefused(product, violations);
  const compared = await town.witness.judge(product, violations, mark);
  return { agreed_ms, compared };
}

/** Strikes each once (small) or in ever new orders until the time is over. Gives how often each was struck. */
async function strikeInTurn(product: Product, input: ProofInput, dice: Dice): Promise<Map<Blow, number>> {
  const count = new Map<Blow, number>();
  const heldInSmall: readonly Target[] = ['a listener process', 'Postgres'];
  const blows = allBlows.filter(
    ({ how, target }) => input.size === 'full' || how === 'kill' || heldInSmall.includes(target),
  );
  const end = Date.now() + input.minutes * 60_000;
  do {
    for (const blow of dice.shuffled(blows)) {
      if (count.size === blows.length && Date.now() > end) break;
      const victims = await victimsOf(product, blow.target);
      // One of two listener processes; of everything else all there are.
      const chosen = blow.target === 'a listener process' ? [dice.pick(victims)] : victims;
      const names = chosen.map(({ name, pid }) => `${name} ${pid}`).join(', ');
      input.progress(`${blow.how === 'kill' ? 'killed' : 'held still'} ${blow.target}: ${names}`);
      if (blow.how === 'kill') for (const { pid } of chosen) send(pid, 'SIGKILL');
      else await holdStill(chosen, dice.between(2000, input.size === 'small' ? 2500 : 6000));
      count.set(blow, (count.get(blow) ?? 0) + 1);
      await sleep(dice.between(1500, input.size === 'small' ? 2500 : 8000));
    }
  } while (Date.now() < end);
  return count;
}

function tellBlows(done: ReadonlyMap<Blow, number>, how: Blow['how']): string {
  return [...done].flatMap(([blow, times]) => (blow.how === how ? [`${blow.target} ${times}×`] : [])).join(', ');
}

/** The processes and what they started (Postgres' backends) do nothing for a while. Some are ended meanwhile by those who noticed. */
export async function holdStill(victims: readonly RunningProcess[], for_ms: number): Promise<void> {
  const held = victims.flatMap(({ name, pid }) => (name === 'postgres' ? [pid, ...childrenOf(pid)] : [pid]));
  for (const pid of held) send(pid, 'SIGSTOP');
  try {
    await sleep(for_ms);
  } finally {
    for (const pid of held) send(pid, 'SIGCONT');
  }
}

/** What is there to be killed; waited for, because it may have been killed a moment ago. */
export async function victimsOf(product: Product, target: Target): Promise<RunningProcess[]> {
  const end = Date.now() + 20_000;
  for (;;) {
    const running = product.processes();
    const found = running.filter(({ name }) => (targets[target] as readonly string[]).includes(name));
    if (targets[target].every((name) => found.some((one) => one.name === name))) return found;
    if (Date.now() > end) throw new Error(`${target} did not come back within 20 s`);
    await sleep(100);
  }
}

export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Suspends, resumes, tops up and takes money, a few times a second, and remembers what was confirmed. */
export class Staff {
  done = 0;
  /** Payments answered 201: they must be in the books exactly once. */
  confirmedPayments = 0;
  unanswered = 0;
  private over = false;
  private readonly work: Promise<void>;

  constructor(
    private readonly product: Product,
    private readonly residents: readonly Resident[],
    private readonly dice: Dice,
  ) {
    this.work = this.go();
  }

  async end(): Promise<void> {
    this.over = true;
    await this.work;
  }

  private async go(): Promise<void> {
    while (!this.over) {
      const { what, status } = await act(this.product, this.dice.pick(this.residents), this.dice.fork());
      this.done++;
      if (what === 'pay' && status === 201) this.confirmedPayments++;
      else if (what === 'pay' && (status === undefined || status >= 500)) this.unanswered++;
      await sleep(200);
    }
  }
}

/** Spools are empty again, as each listener has said since this began: whatever was acknowledged from disk before is in the database. */
async function drained(product: Product, violations: Violations): Promise<void> {
  const end = Date.now() + 30_000;
  const [asked] = await product.ask<{ at: string }>('SELECT clock_timestamp()::text AS at');
  for (;;) {
    const held = await product.ask<{ what: string }>(
      `SELECT concat_ws(' ', instance, pending_packets, beat_at) AS what FROM accounting_spool
       WHERE pending_packets > 0 OR beat_at BETWEEN $1::timestamptz - interval '10 s' AND $1::timestamptz`,
      [asked?.at],
    );
    if (held.length === 0) return;
    if (Date.now() > end) {
      for (const { what } of held) violations.add(`a spool still holds packets 30 s after the end: ${what}`);
      const places = readdirSync(join(product.dataDir, 'spool/accounting'), { recursive: true, encoding: 'utf8' });
      violations.add(`on disk are ${places.join(', ')}; the listeners said last ${product.lastWords('accounting')}`);
      return;
    }
    await sleep(250);
  }
}

/** No record that routers like these send is one that the database cannot store. */
async function nothingRefused(product: Product, violations: Violations): Promise<void> {
  const rows = await product.ask<{ error: string; n: string }>(
    'SELECT error, count(*)::text AS n FROM accounting_quarantine GROUP BY 1',
  );
  for (const { error, n } of rows) violations.add(`${n} good records were put into quarantine: ${error}`);
}

/** The ledger adds up, and each confirmed payment is booked once. */
export async function moneyAgrees(product: Product, staff: Staff, violations: Violations): Promise<void> {
  const faults = await product.ask<{ fault: string }>('SELECT v::text AS fault FROM ledger_verify(NULL) v');
  for (const { fault } of faults) violations.add(`the ledger: ${fault}`);
  const [row] = await product.ask<{ n: string }>(`SELECT count(*)::text AS n FROM payment WHERE state = 'settled'`);
  const booked = Number(row?.n);
  // What got no answer may have been booked or not; what was confirmed must have been.
  if (booked < staff.confirmedPayments || booked > staff.confirmedPayments + staff.unanswered)
    violations.add(
      `${booked} payments are booked, ${staff.confirmedPayments} were confirmed and ${staff.unanswered} got no answer`,
    );
}

async function unentitled(product: Product): Promise<number> {
  const [row] = await product.ask<{ n: string }>(
    `SELECT count(*)::text AS n FROM subscription_now WHERE NOT subscription_is_entitled(state)`,
  );
  return Number(row?.n);
}

async function wishes(product: Product): Promise<string> {
  const rows = await product.ask<{ what: string; n: string }>(
    `SELECT concat_ws(' ', kind, state, proven_by) AS what, count(*)::text AS n FROM enforcement GROUP BY 1 ORDER BY 1`,
  );
  return rows.map(({ what, n }) => `${n} ${what}`).join(', ');
}
