import type { Client, Pool } from 'pg';
import { newCounters } from '../../../../radius/accounting/counters';
import { readRecord } from '../../../../radius/accounting/read-record';
import type { AccountingRecord } from '../../../../radius/accounting/record';
import { RecordQueue } from '../../../../radius/accounting/record-queue';
import { AccountingStore } from '../../../../radius/accounting/store';
import { writeBatch, type BatchWriter } from '../../../../radius/accounting/write-batch';
import type { Dice } from '../dice';
import type { Cast } from './cast';
import { shownAt } from './clock';
import { Disk } from './disk';
import { sharedByTwo, type Arrival, type History } from './history';
import { packetOf } from './wire';

export interface Stage {
  pool: Pool;
  owner: Client;
  cast: readonly Cast[];
  /** The moment, by Postgres, at which the round begins. */
  base_ms: number;
}

/** What was done beside writing packets. */
export interface Played extends Record<string, number> {
  'drains of the spool': number;
  'spools taken over': number;
  'upkeeps by a wrong clock of Postgres': number;
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Packets that two listeners share before both have written theirs. */
const CHUNK = 10_000;
const TRIES = 10;
const DAY_S = 86_400;

/**
 * Plays histories side by side as two listener processes would: packets in the order of their arrival, in batches, through the reader and the writer of
 * the listener, or through its spool, which is drained beside what came later, or after it. Between chunks ghosts are swept and closed sessions archived.
 */
export async function play(stage: Stage, histories: readonly History[], dice: Dice): Promise<Played> {
  const arrivals = histories
    .flatMap((history, i) => history.arrivals.map((arrival) => ({ history, arrival, i })))
    .sort((a, b) => a.arrival.at_ms - b.arrival.at_ms);
  const writer: BatchWriter = { store: new AccountingStore(stage.pool), counters: newCounters(), log: quiet };
  const disk = new Disk(writer);
  const done: Played = {
    'drains of the spool': 0,
    'spools taken over': 0,
    'upkeeps by a wrong clock of Postgres': 0,
  };
  const drain = async (): Promise<void> => {
    if (disk.pending === 0) return;
    done['drains of the spool'] += 1;
    await disk.drain();
  };
  try {
    for (let at = 0; at < arrivals.length; at += CHUNK) {
      const queues: AccountingRecord[][] = [[], []];
      const kept: AccountingRecord[] = [];
      const chunk = arrivals.slice(at, at + CHUNK);
      for (const { history, arrival, i } of chunk) {
        const record = read(history, arrival, stage.cast[i]!, stage.base_ms);
        if (!record) continue;
        if (arrival.via !== 'direct') kept.push(record);
        if (arrival.via !== 'spool') queues[sharedByTwo(history) ? dice.between(0, 1) : i % 2]!.push(record);
      }
      const direct = queues.map((queue) => writeAll(writer, queue));
      await Promise.all(dice.chance(0.35) ? [...direct, drain()] : direct);
      // Only now: before they were kept, what had come before them had been written.
      await disk.keep(kept);
      if (disk.pending > 0 && dice.chance(0.3)) {
        await disk.handOver();
        done['spools taken over'] += 1;
      }
      if (dice.chance(0.05)) await drain();
      if (await upkeep(stage, disk.pending, chunk.at(-1)!.arrival.at_ms, dice))
        done['upkeeps by a wrong clock of Postgres'] += 1;
    }
    await drain();
    return done;
  } finally {
    await disk.remove();
  }
}

/** As the listener reads it, by its own clock; undefined for what it answers and forgets. */
function read(history: History, arrival: Arrival, who: Cast, base_ms: number): AccountingRecord | undefined {
  const packet = packetOf(history, arrival, { ...who, secret: who.nas.secret, base_ms });
  const reading = readRecord(packet, who.nas, base_ms + arrival.at_ms + (shownAt(history.ours, arrival.at_ms) ?? 0));
  if (reading.kind === 'unusable') throw new Error('a packet of a history is unusable');
  return reading.kind === 'record' ? reading.record : undefined;
}

/** In the batches that the listener makes of them. */
async function writeAll(writer: BatchWriter, records: readonly AccountingRecord[]): Promise<void> {
  const queue = new RecordQueue<{ record: AccountingRecord }>();
  for (const record of records) queue.add({ record });
  while (queue.size > 0) {
    const items = queue.take(1000);
    const batch = items.map((item) => item.record);
    // A machine so busy that a write is given up: written again, as out of the spool, it must change nothing more.
    for (let tries = 1; !(await writeBatch(writer, batch)); tries++)
      if (tries === TRIES) throw new Error('the database did not take the records');
    queue.release(items);
  }
}

/**
 * What the jobs do every minute, now and then with Postgres at the wrong time: at the moment of the round, when only what is really silent is a ghost, days
 * before it, or a day ahead. True when it was.
 */
async function upkeep({ owner, base_ms }: Stage, pending: number, at_ms: number, dice: Dice): Promise<boolean> {
  const [sweep, archive] = [dice.chance(0.3), dice.chance(0.3)];
  const wrong = dice.chance(0.5);
  const shift_s = dice.pick([(base_ms + at_ms - Date.now()) / 1000, -3 * DAY_S, DAY_S]);
  if (!sweep && !archive) return false;
  await owner.query('UPDATE accounting_spool SET pending_packets = $1', [pending]);
  const shift = (seconds: number): Promise<unknown> =>
    owner.query('UPDATE platform_clock SET shift = make_interval(secs => $1)', [seconds]);
  if (wrong) await shift(shift_s);
  if (sweep) await owner.query('SELECT accounting_sweep_stale(100000)');
  if (archive) await owner.query('SELECT accounting_archive(100000)');
  if (wrong) await shift(0);
  return wrong;
}
