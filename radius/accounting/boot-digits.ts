import { readIdentity } from './read-record';
import { type RestartRecord, type SessionRecord, Status } from './record';

const ROUTEROS_SESSION_ID = /^8[0-9a-f]{7}$/;
const MAX_KNOWN = 50_000;

/**
 * RouterOS session ids are two digits of service, one that counts boots, five that count sessions. A Start with another boot
 * digit than the last one tells of a restart whose Accounting-On may be lost: what was open before has ended.
 */
export class BootDigits {
  private readonly last = new Map<string, string>();

  /** The first three digits of the session id if its boot digit is new for this router and service, else undefined. */
  note(record: SessionRecord): string | undefined {
    if (record.status !== Status.Start || record.nas.type !== 'mikrotik' || !ROUTEROS_SESSION_ID.test(record.sessionId))
      return undefined;
    const boot = record.sessionId.slice(0, 3);
    const key = `${record.nas.id} ${boot.slice(0, 2)} ${readIdentity(record.packet).identifier ?? ''}`;
    if (this.last.get(key) === boot) return undefined;
    if (this.last.size >= MAX_KNOWN) this.last.clear();
    this.last.set(key, boot);
    return boot;
  }
}

/** The restart that a Start with a new boot digit tells of. */
export function restartOf(record: SessionRecord, boot: string): RestartRecord {
  return {
    kind: 'restart',
    nas: record.nas,
    packet: record.packet,
    event_ms: record.event_ms,
    received_ms: record.received_ms,
    ...readIdentity(record.packet),
    boot,
  };
}
