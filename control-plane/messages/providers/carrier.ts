import type { ForeignService } from '../../platform/config';

/** One message as a carrier gets it. */
export interface Outgoing {
  id: string;
  /** E.164, or one e-mail address. */
  to: string;
  /** Of an e-mail; null of an SMS. */
  subject: string | null;
  text: string;
  html: string | null;
  /** Files that go with an e-mail. */
  files?: readonly Attachment[];
}

export interface Attachment {
  name: string;
  type: string;
  bytes: Buffer;
}

/** Why a message was not taken, in our words; each has a sentence in the locales (`messages.error_…`). */
export type CarrierFault =
  | 'address'
  | 'blocked'
  | 'content'
  | 'rejected'
  | 'credentials'
  | 'balance'
  | 'sender'
  | 'unreachable'
  | 'busy'
  | 'provider'
  | 'connection'
  | 'refused_address'
  | 'timeout'
  | 'no_answer';

/** What came of one call. */
export type Sent =
  | {
      kind: 'accepted';
      /** What reports will call it. */
      ref: string | null;
      status: string;
      segments?: number | undefined;
      cost?: { micros: number; currency: string } | undefined;
    }
  /** For good: no repetition and no other carrier helps. */
  | { kind: 'refused'; error: CarrierFault; detail: string }
  /** Certainly not sent: later, or by another carrier. */
  | { kind: 'again'; error: CarrierFault; detail: string; afterS?: number | undefined }
  /** It may have been sent: never repeated by itself. */
  | { kind: 'unknown'; error: CarrierFault; detail: string };

/** What every carrier is given beside its own settings. */
export interface CarrierTools {
  /** Base URLs where they differ from the real ones. */
  urls: Partial<Record<ForeignService, string>>;
  /** Where this carrier is to report to; undefined where it needs none. */
  reportUrl: string | undefined;
  /** Private networks that a mail server may stand in. */
  networks: readonly string[];
  timeoutMs: number;
}

/** A carrier of one company, ready to be called. Never throws: whatever happens is one of the four outcomes. */
export type Carrier = (message: Outgoing) => Promise<Sent>;

/** How long a carrier may take. */
export const CARRIER_TIMEOUT_MS = 20_000;

/** A carrier's own words for the log of messages: short, on one line, without numbers of people, addresses or what looks like a key. */
export function saidBy(text: unknown, secrets: readonly string[] = []): string {
  let said = typeof text === 'string' ? text : text === undefined || text === null ? '' : JSON.stringify(text);
  for (const secret of secrets) if (secret.length > 3) said = said.replaceAll(secret, '…');
  return said
    .replace(/[^\s@<>"]+@[^\s@<>"]+/g, '…')
    .replace(/\+?\d[\d\s-]{6,}\d/g, '…')
    .replace(/[A-Za-z0-9_-]{32,}/g, '…')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
}
