import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '../../../test-kit/database';
import { Dice } from '../dice';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import { proofDatabase } from '../proof-database';
import { DEEDS, Town } from './town';

/** What "within seconds" is. A machine that is not standing still needs a tenth of it. */
const SECONDS = 10;
/** An order is never left alone for longer: two minutes between tries, or an interim interval and a minute until silence proves something. */
const LONGEST_REST_S = 360;

/** For which routers go on failing at the end of a patient round. */
const LONGEST_FAULT_MS = 20_000;
/** Between two tries. */
const LONGEST_PAUSE_S = 120;

/**
 * Rounds of deeds, each ended by the demand that the network does what was sold:
 *   smooth   routers obey, and nobody helps: agreed within seconds
 *   patient  routers lose, refuse and ignore what they are told until the end of the round; then they agree by the schedule of tries alone, within seconds of
 *            the last try that was planned when the faults ended
 *   hurried  the same, with what waits tried at once, because the pauses would be minutes after so many failures
 */
const ROUNDS = {
  smooth: { deeds: DEEDS.filter((deed) => deed !== 'fault'), most: 60 },
  patient: { deeds: DEEDS, most: 30 },
  hurried: { deeds: DEEDS, most: 60 },
} as const;
type Kind = keyof typeof ROUNDS;
const KINDS = Object.keys(ROUNDS) as Kind[];

/** Random interleavings of payments, expiries, caps, suspensions and routers that lose, refuse or ignore what they are told. */
export const enforcement: Proof = {
  name: 'enforcement',
  shows:
    'whatever crosses what, within seconds the network does what was sold: nobody rides free, nobody who paid is out or slow, or will be thrown off before his time',
  minutes: 3,
  run: async (input) => {
    const db = await proofDatabase();
    return proveEnforcement(input, db);
  },
};

/** The same on a database that is dropped at the end. Small: one round of each kind, of 12 deeds. */
export async function proveEnforcement(input: ProofInput, db: TestDatabase): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const done: Record<string, number> = {};
  let rounds = 0;
  let deeds = 0;
  const town = await Town.build(db);
  const end = Date.now() + input.minutes * 60_000;
  try {
    do {
      const kind = KINDS[rounds++ % KINDS.length]!;
      const most = input.size === 'small' ? 12 : ROUNDS[kind].most;
      for (let n = 0; n < most; n++) await town.does(dice, ROUNDS[kind].deeds);
      deeds += most;
      // Long enough for some tries to fail, and for the pauses after them to grow.
      if (kind === 'patient' && input.size === 'full') await sleep(dice.between(0, LONGEST_FAULT_MS));
      town.mend();
      const where = `seed ${input.seed}, round ${rounds} (${kind})`;
      const took_ms = Math.round(await agrees(town, kind, violations, where));
      done[`slowest ${kind} agreement ms`] = Math.max(done[`slowest ${kind} agreement ms`] ?? 0, took_ms);
      input.progress(`${deeds} deeds, ${kind}, agreed after ${took_ms} ms`);
    } while (goesOn(input, rounds, end) && violations.found.length === 0);
    return { done: { rounds, deeds, ...done }, violations: violations.found };
  } finally {
    await town.close();
  }
}

const goesOn = (input: ProofInput, rounds: number, end: number): boolean =>
  input.size === 'small' ? rounds < KINDS.length : Date.now() < end;

/** Waits until the network does what was sold; returns the milliseconds it took. */
async function agrees(town: Town, kind: Kind, violations: Violations, where: string): Promise<number> {
  const begun_ms = performance.now();
  const patience_s = kind === 'patient' ? SECONDS + Math.max(0, ...(await town.dueIn()).map(retryIn)) : SECONDS;
  let differences: string[] = [];
  do {
    for (const { order, seconds } of await town.dueIn())
      if (seconds > LONGEST_REST_S) violations.add(`${where}: ${order} rests for ${seconds} s`);
    if (kind === 'hurried') await town.hurries();
    await town.reports();
    await sleep(100);
    differences = await town.differences();
  } while (differences.length > 0 && performance.now() - begun_ms < patience_s * 1000);
  for (const difference of differences) violations.add(`${where}, after ${Math.round(patience_s)} s: ${difference}`);
  return performance.now() - begun_ms;
}

/** Those that rest for longer wait for silence to prove that a session is over, not for another try. */
const retryIn = ({ seconds }: { seconds: number }): number => (seconds <= LONGEST_PAUSE_S ? seconds : 0);
