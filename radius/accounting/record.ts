import { parseIpv4 } from '../attributes';
import type { Packet } from '../packet';
import type { Nas } from './nas';

/** Acct-Status-Type of RFC 2866 section 5.1 as far as it concerns us. */
export const Status = { Start: 1, Stop: 2, Interim: 3, AccountingOn: 7, AccountingOff: 8 } as const;

/** flags of accounting_apply (prisma/functions/accounting.sql). */
export const Flag = { Timed: 1, InputWide: 2, OutputWide: 4 } as const;

/** One Start, Interim-Update or Stop, cleaned and ready for the database. */
export interface SessionRecord {
  kind: 'session';
  nas: Nas;
  packet: Packet;
  status: 1 | 2 | 3;
  sessionId: string;
  event_ms: number;
  received_ms: number;
  flags: number;
  /** Seconds; null when absent or unbelievable. */
  sessionTime: number | null;
  inputBytes: number | null;
  outputBytes: number | null;
  loginId: string | null;
  /** First 64 bits of the authenticator, signed: tells a repeated Start from another one. */
  mark: bigint;
  framedIp: string | null;
  rateLimit: string | null;
  addressList: string | null;
  cause: string | null;
}

/** Accounting-On or Accounting-Off (RFC 2866 section 5.1): whatever this router had open has ended. */
export interface RestartRecord {
  kind: 'restart';
  nas: Nas;
  packet: Packet;
  event_ms: number;
  received_ms: number;
  identifier: string | null;
  nasIp: string | null;
  realm: string | null;
  /** First three digits of a RouterOS session id whose boot digit is new; null for Accounting-On and -Off. */
  boot: string | null;
}

export type AccountingRecord = SessionRecord | RestartRecord;

/** Records that must not stand in one batch, because their order matters, share this key. */
export function sessionKey(record: SessionRecord): string {
  return `${record.nas.id}/${record.sessionId}`;
}

/** A text IPv4 address as the database takes it, or null. */
export function ipOrNull(text: string | undefined): string | null {
  return text !== undefined && parseIpv4(text) ? text : null;
}
