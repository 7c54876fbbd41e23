import { type AccountingRecord, type SessionRecord, sessionKey, Status } from '../record';

/**
 * Leaves out interims that a later one of the same session makes superfluous: it follows within the same minute of the clock, says the same of
 * everything but the counters, and has none of them lower. Usage is kept by the hour and rules turn on the minute, so writing only the later one
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
    notAbove(r.inputBytes, by.inputBytes) &&
    notAbove(r.outputBytes, by.outputBytes)
  );
}

function notAbove(value: number | null, limit: number | null): boolean {
  return value === null || limit === null ? value === limit : value <= limit;
}
