import type { ApiOutcome } from '../../radius/routeros';
import { ourRows, standAt, type OurRow } from './radius-rows';

export const steps = [
  'accept',
  'look',
  'tell',
  'prove',
  'settle',
  'known',
  'return',
  'drain',
  'withdrawn',
  'password',
] as const;
export type Step = (typeof steps)[number];

export const faults = [
  'hosts',
  'no_api',
  'unreachable',
  'refused',
  'no_row',
  'other_rows',
  'not_taken',
  'not_proven',
  'password_refused',
  'internal',
] as const;
/** Why it does not go on, as the words `rotation.fault_<it>` and `rotation.remedy_<it>` tell it. */
export type Fault = (typeof faults)[number];

/** A run as it stands. */
export interface Work {
  step: Step;
  /** Since the step began, by the machine's clock. */
  age_ms: number;
  /** How often it was tried in vain. */
  tries: number;
  /** What the router's rows were before; empty until they were looked at. */
  rows: readonly OurRow[];
  /** Our address as the router knows it. */
  server: string;
  /** What it is told. */
  secret: string;
  /** It was heard with it. */
  used: boolean;
  /** Hosts that do not know yet what this step waits for them to know. */
  behind: readonly string[];
  passwords: { now: string; next: string };
}

export interface Tools {
  ask: (words: readonly string[]) => Promise<ApiOutcome>;
  /** With one of the API's passwords and no other. */
  askAs: (password: 'now' | 'next', words: readonly string[]) => Promise<ApiOutcome>;
  /** Whether the router answers an order that is signed with the new secret. */
  obeys: () => Promise<boolean>;
}

export type Advance =
  /** On to this step. `also` is done in the same transaction. */
  | { kind: 'next'; step: Step; after_ms: number; rows?: readonly OurRow[]; also?: 'adopt' | 'withdraw' }
  /** Once more, after a while. `waits`: nothing went wrong, it is not time yet. */
  | { kind: 'again'; after_ms: number; waits: true }
  | { kind: 'again'; after_ms: number; waits: false; fault: Fault; words: string }
  /** Ends here with all as it was, but for what is done already. */
  | { kind: 'failed'; fault: Fault; words: string }
  | { kind: 'done' };

const LOOK_MS = 500;
/** A host that has not followed for so long is told of; while the router has not been told anything it is the end. */
const HOSTS_MS = 60_000;
const HOSTS_MOST_MS = 10 * 60_000;
/** Tries before a router that has not been told anything is left as it is. */
const TRIES_MOST = 5;
const LONGEST_MS = 5 * 60_000;

const next = (
  step: Step,
  more: Omit<Extract<Advance, { kind: 'next' }>, 'kind' | 'step' | 'after_ms'> = {},
): Advance => ({
  kind: 'next',
  step,
  after_ms: 0,
  ...more,
});
const waits = (after_ms: number): Advance => ({ kind: 'again', after_ms, waits: true });

/** The longer the more often it was in vain: a router whose power is cut is back in a minute or tomorrow. */
const again = (work: Work, fault: Fault, words = ''): Advance => ({
  kind: 'again',
  after_ms: Math.min(2000 * 2 ** work.tries, LONGEST_MS),
  waits: false,
  fault,
  words,
});

/**
 * Does one step of replacing a router's secrets. Each may have been done before, and cut off: doing it twice changes nothing. Until `tell` a fault ends the run;
 * from then on the router may hold either secret, so nothing ends it but proof.
 */
export async function advance(work: Work, tools: Tools): Promise<Advance> {
  switch (work.step) {
    case 'accept':
      return allKnow(work, next('look'), HOSTS_MOST_MS);
    case 'look':
      return look(work, tools);
    case 'tell':
      return tell(work, tools, 'acctPort', next('prove'));
    case 'prove':
      return work.used || (await tools.obeys()) ? next('settle') : again(work, 'not_proven');
    case 'settle':
      return lapsed(work, next('known', { also: 'adopt' }));
    case 'known':
      return allKnow(work, next('return'));
    case 'return':
      return tell(work, tools, 'authPort', next('drain'));
    case 'drain':
      return lapsed(work, next('withdrawn', { also: 'withdraw' }));
    case 'withdrawn':
      return allKnow(work, next('password'));
    case 'password':
      return password(work, tools);
  }
}

/** All hosts know the routers as they have been since this step began. */
function allKnow(work: Work, then: Advance, most_ms = Infinity): Advance {
  if (work.behind.length === 0) return then;
  const words = work.behind.join(', ');
  if (work.age_ms > most_ms) return { kind: 'failed', fault: 'hosts', words };
  return work.age_ms > HOSTS_MS ? again(work, 'hosts', words) : waits(LOOK_MS);
}

/** What was asked as the rows stood before has been answered or given up. */
function lapsed(work: Work, then: Advance): Advance {
  const left_ms = Math.max(...work.rows.map(({ wait_ms }) => wait_ms)) - work.age_ms;
  return left_ms <= 0 ? then : waits(left_ms);
}

async function look(work: Work, { ask }: Tools): Promise<Advance> {
  const printed = await ask(['/radius/print']);
  if (printed.kind !== 'done') {
    const [fault, words] = faultOf(printed);
    return work.tries + 1 < TRIES_MOST ? again(work, fault, words) : { kind: 'failed', fault, words };
  }
  const found = ourRows(printed.rows, work.server);
  if (found.kind === 'none') return { kind: 'failed', fault: 'no_row', words: '' };
  if (found.kind === 'others') return { kind: 'failed', fault: 'other_rows', words: found.address };
  return next('tell', { rows: found.rows });
}

/**
 * Sets secret and port of each row in one command, so that the router never asks with the one at the place of the other, and reads back. The port shows
 * that it was taken: a secret is shown to nobody who lacks the right to see secrets.
 */
async function tell(work: Work, { ask }: Tools, port: 'authPort' | 'acctPort', then: Advance): Promise<Advance> {
  for (const row of work.rows) {
    const set = await ask([
      '/radius/set',
      `=.id=${row.id}`,
      `=secret=${work.secret}`,
      `=authentication-port=${row[port]}`,
    ]);
    if (set.kind !== 'done') return again(work, ...faultOf(set));
  }
  const printed = await ask(['/radius/print']);
  if (printed.kind !== 'done') return again(work, ...faultOf(printed));
  return standAt(printed.rows, work.rows, port) ? then : again(work, 'not_taken');
}

/** The new password is the router's when it lets us in with it; the old one is forgotten only then. */
async function password(work: Work, { askAs }: Tools): Promise<Advance> {
  const before = await askAs('next', ['/system/identity/print']);
  if (before.kind === 'done') return { kind: 'done' };
  const set = await askAs('now', [
    '/password',
    `=old-password=${work.passwords.now}`,
    `=new-password=${work.passwords.next}`,
    `=confirm-new-password=${work.passwords.next}`,
  ]);
  const after = await askAs('next', ['/system/identity/print']);
  if (after.kind === 'done') return { kind: 'done' };
  // It said no, and lets us in as before: only that is an end.
  const still = await askAs('now', ['/system/identity/print']);
  if (still.kind !== 'done') return again(work, ...faultOf(still));
  const words = set.kind === 'refused' ? set.message : '';
  return set.kind === 'refused' || work.tries + 1 >= TRIES_MOST
    ? { kind: 'failed', fault: 'password_refused', words }
    : again(work, 'not_taken');
}

function faultOf(outcome: Exclude<ApiOutcome, { kind: 'done' }>): [Fault, string] {
  const words = 'message' in outcome ? outcome.message : '';
  return [outcome.kind === 'refused' || outcome.kind === 'login_refused' ? 'refused' : 'unreachable', words];
}
