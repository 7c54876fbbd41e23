import { type AccountingRecord, Flag, type SessionRecord, sessionKey, Status } from '../record';

/** A counter of 32 bits tells that it went round by how far it fell between two records: one that shows a fall must not be left out. */
const NEAR_BYTES = 2 ** 20;

/**
 * Leaves out interims that a later one of the same session makes superfluous: it follows within the same minute of the clock, says the same of
 * everything but the counters, and has none of them lower, nor far higher if it may have gone round. Usage is kept by the hour and rules turn on the minute, so writing only the later one
 * gives the same rows; a session that repeated itself a thousand times would otherwise take a thousand commits.
 */
export function withoutOvertaken<T extends AccountingRecord>(records: readonly T[]): T[] {
  const later = new Map<string, SessionRecord>();
  const kept: T[] = [];
  for (const record of records.toReversed()) {
    if (record.kind === 'restart') {
      // What came before it belongs to what it ended.
      later.clear();
      kept.push(record);
      continue;
    }
    const key = sessionKey(record);
    const next = later.get(key);
    if (next && isOvertaken(record, next)) continue;
    later.set(key, record);
    kept.push(record);
  }
  return kept.toReversed();
}

function isOvertaken(r: SessionRecord, by: SessionRecord): boolean {
  return (
    r.status === Status.Interim &&
    by.status === Status.Interim &&
    Math.floor(r.event_ms / 60_000) === Math.floor(by.event_ms / 60_000) &&
    r.event_ms <= by.event_ms &&
    r.flags === by.flags &&
    r.loginId === by.loginId &&
    r.framedIp === by.framedIp &&
    r.rateLimit === by.rateLimit &&
    r.addressList === by.addressList &&
    notAbove(r.sessionTime, by.sessionTime) &&
    goesOn(r.inputBytes, by.inputBytes, (r.flags & Flag.InputWide) !== 0) &&
    goesOn(r.outputBytes, by.outputBytes, (r.flags & Flag.OutputWide) !== 0)
  );
}

function goesOn(value: number | null, later: number | null, wide: boolean): boolean {
  return notAbove(value, later) && (wide || (later ?? 0) - (value ?? 0) <= NEAR_BYTES);
}

function notAbove(value: number | null, limit: number | null): boolean {
  return value === null || limit === null ? value === limit : value <= limit;
}
