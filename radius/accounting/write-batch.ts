import type { Counters } from './counters';
import type { PartLog } from '../part';
import type { AccountingRecord, SessionRecord } from './record';
import type { AccountingStore } from './store';

export interface BatchWriter {
  store: AccountingStore;
  counters: Counters;
  log: PartLog;
}

const MAX_RETRIES = 5;

/**
 * Makes records durable: in the database, or, for a record that the database refuses, in the quarantine. One bad record is
 * found by halving and holds up none of the others. False when the database is away; then nothing is promised, and writing the
 * same records again later changes nothing that this attempt did.
 */
export async function writeBatch(writer: BatchWriter, records: readonly AccountingRecord[]): Promise<boolean> {
  const [first] = records;
  if (first === undefined) return true;
  for (let retry = 0; ; retry++) {
    const written =
      first.kind === 'restart'
        ? await writer.store.restarted(first)
        : await writer.store.apply(records as SessionRecord[]);
    switch (written.kind) {
      case 'ok':
        writer.counters.batches += 1;
        return true;
      case 'away':
        writer.log.debug({ err: written.error }, 'accounting records could not be written');
        return false;
      case 'again':
        writer.counters.batch_retries += 1;
        if (retry < MAX_RETRIES) continue;
        // So much bad luck is something else: one of the records cannot be written.
        return split(writer, records, written.error);
      case 'bad_data':
        return split(writer, records, written.error);
    }
  }
}

async function split(writer: BatchWriter, records: readonly AccountingRecord[], error: Error): Promise<boolean> {
  if (records.length > 1) {
    const half = records.length >> 1;
    return (await writeBatch(writer, records.slice(0, half))) && (await writeBatch(writer, records.slice(half)));
  }
  const record = records[0]!;
  const { nas, packet } = record;
  const kept = await writer.store.quarantine(nas.tenantId, nas.address, packet.bytes, error.message);
  if (kept.kind === 'away' || kept.kind === 'again') return false;
  writer.counters.quarantined += 1;
  writer.log.warn(
    { router: nas.name, err: error },
    'an accounting packet could not be stored and was put into quarantine',
  );
  return true;
}
