import type { Pool } from 'pg';
import { newCounters } from '../../../../radius/accounting/counters';
import type { Nas } from '../../../../radius/accounting/nas';
import { readRecord } from '../../../../radius/accounting/read-record';
import type { AccountingRecord } from '../../../../radius/accounting/record';
import { RecordQueue } from '../../../../radius/accounting/record-queue';
import { AccountingStore } from '../../../../radius/accounting/store';
import { writeBatch, type BatchWriter } from '../../../../radius/accounting/write-batch';
import type { Dice } from '../dice';
import { timed, type History } from './history';
import { packetOf } from './wire';

/** A router and the subscription whose sessions it reports; each history of a round has one of its own. */
export interface Cast {
  nas: Nas;
  username: string;
  subscriptionId: string;
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Packets that two listeners share before both have written theirs. */
const CHUNK = 10_000;
const TRIES = 10;

/**
 * Plays histories side by side as two listener processes would: packets in the order of their arrival, in batches, through
 * the reader and the writer of the listener. Between chunks ghosts are swept and closed sessions archived.
 * Gives the number of packets.
 */
export async function play(
  pool: Pool,
  owner: { query(sql: string): Promise<unknown> },
  cast: readonly Cast[],
  histories: readonly History[],
  base_ms: number,
  dice: Dice,
): Promise<number> {
  const arrivals = histories
    .flatMap((history, i) => history.arrivals.map((arrival) => ({ history, arrival, i })))
    .sort((a, b) => a.arrival.at_ms - b.arrival.at_ms);
  const writer: BatchWriter = { store: new AccountingStore(pool), counters: newCounters(), log: quiet };
  for (let at = 0; at < arrivals.length; at += CHUNK) {
    const queues: AccountingRecord[][] = [[], []];
    for (const { history, arrival, i } of arrivals.slice(at, at + CHUNK)) {
      const who = cast[i]!;
      const packet = packetOf(history, arrival, { ...who, secret: who.nas.secret, base_ms });
      const reading = readRecord(packet, who.nas, base_ms + arrival.at_ms);
      if (reading.kind !== 'record') throw new Error(`a packet of a history is ${reading.kind}`);
      // What only the order of arrival can tell stays with one process, as a router that keeps its source port does.
      const any = history.wide && history.echoesClass && timed(history);
      queues[any ? dice.between(0, 1) : i % 2]!.push(reading.record);
    }
    await Promise.all(queues.map((queue) => writeAll(writer, queue)));
    if (dice.chance(0.3)) await owner.query('SELECT accounting_sweep_stale(100000)');
    if (dice.chance(0.3)) await owner.query('SELECT accounting_archive(100000)');
  }
  return arrivals.length;
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
