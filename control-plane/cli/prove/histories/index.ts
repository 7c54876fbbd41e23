import { Client } from 'pg';
import { accountingPool } from '../../../../radius/accounting/store';
import { Dice } from '../dice';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import type { TestDatabase } from '../../../test-kit/database';
import { proofDatabase } from '../proof-database';
import { assemble } from './cast';
import { stepsOf, trustOf } from './clock';
import { compare } from './compare';
import { makeHistory, ourClockIsRight, type History } from './history';
import { play } from './play';

const ROUND = { small: 400, full: 2000 };
/** So long ago that the archive takes what is closed, and a late packet has to bring it back. */
const AGO_MS = 36 * 3_600_000;

/** Random histories of routers against an oracle that stands at the routers. */
export const histories: Proof = {
  name: 'histories',
  shows:
    'whatever is lost, late, repeated, wrapped or re-used, whatever clocks say and whatever waited on the disk, each life of a session counts what its router last managed to say, and hours, cycles and sessions are one number',
  minutes: 3,
  run: async (input) => {
    const database = await proofDatabase();
    try {
      return await proveHistories(input, database);
    } finally {
      await database.drop();
    }
  },
};

/** The same on a database that is there. Small: one round. */
export async function proveHistories(input: ProofInput, database: TestDatabase): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  // The listener's own connections: what they plan by is part of what is proven.
  const pool = accountingPool(database.urls.accounting);
  const done: Record<string, number> = {};
  try {
    const cast = await assemble(owner, ROUND[input.size]);
    const end = Date.now() + input.minutes * 60_000;
    do {
      const round = Array.from({ length: ROUND[input.size] }, () => makeHistory(dice.fork()));
      const base_ms = Math.floor((Date.now() - AGO_MS) / 1000) * 1000;
      const stage = { pool, owner, cast, base_ms };
      add(done, counted(round), await play(stage, round, dice.fork()));
      await compare(stage, round, violations);
      await owner.query(
        'TRUNCATE session_live, session_closed, usage_hour, usage_cycle, enforcement, accounting_quarantine CASCADE',
      );
      input.progress(`${done['histories']} histories, ${done['packets']} packets`);
    } while (input.size === 'full' && Date.now() < end && violations.found.length === 0);
    return { done, violations: violations.found };
  } finally {
    await pool.end();
    await owner.end();
  }
}

/** What is in a round, by name. */
function counted(round: readonly History[]): Record<string, number> {
  const lives = round.flatMap((history) => history.lives);
  const arrivals = round.flatMap((history) => history.arrivals);
  const ends = (history: History): number => history.arrivals.at(-1)?.at_ms ?? 0;
  const sum = (of: (history: History) => number): number => round.reduce((all, history) => all + of(history), 0);
  const having = (of: (history: History) => boolean): number => round.filter(of).length;
  const restarts = (kind: 'on' | 'off'): number =>
    new Set(arrivals.map(({ restart }) => restart).filter((restart) => restart?.kind === kind)).size;
  return {
    histories: round.length,
    packets: arrivals.length,
    lives: lives.length,
    'logged in anew in the middle': lives.filter(({ relogin }) => relogin).length,
    repeated: arrivals.length - new Set(arrivals.map(({ report, restart }) => report ?? restart)).size,
    'without a believable clock': having(({ clock }) => trustOf(clock) === 'untimed'),
    'with 32-bit counters': having(({ wide }) => !wide),
    'with a clock that changes': having(({ clock, phases }) => clock === 'gappy' || phases.length > 1),
    'steps of routers’ clocks': sum((history) => stepsOf(history.phases, ends(history))),
    'packets that tell no time at times': arrivals.filter(({ stamped }) => !stamped).length,
    'with our own clock wrong': having((history) => !ourClockIsRight(history)),
    'steps of our own clock': sum((history) => stepsOf(history.ours, ends(history))),
    'of them with a clock that steps': having(
      ({ clock, lives: of }) => clock === 'steps' && of.some(({ relogin }) => relogin),
    ),
    'Accounting-On heard': restarts('on'),
    'Accounting-Off heard': restarts('off'),
    'packets kept on disk': arrivals.filter(({ via }) => via !== 'direct').length,
    'of them also written at once': arrivals.filter(({ via }) => via === 'both').length,
  };
}

function add(done: Record<string, number>, ...more: Readonly<Record<string, number>>[]): void {
  for (const figures of more) for (const [what, n] of Object.entries(figures)) done[what] = (done[what] ?? 0) + n;
}
