import { saidBy } from './carrier';

/** What a carrier tells of one message. */
export interface CarrierReport {
  ref: string;
  /** In its own word. */
  status: string;
  state: 'sent' | 'delivered' | 'failed';
  /** Of a failed one, in our words. */
  error: string | null;
  detail: string | null;
}

const AT_STATES: Record<string, CarrierReport['state']> = {
  Sent: 'sent',
  Submitted: 'sent',
  Buffered: 'sent',
  // In a report, unlike in the answer to a call: it is on the phone.
  Success: 'delivered',
  Failed: 'failed',
  Rejected: 'failed',
  AbsentSubscriber: 'failed',
  Expired: 'failed',
};
const AT_REASONS: Record<string, string> = {
  UserInBlackList: 'blocked',
  DoNotDisturbRejection: 'blocked',
  InsufficientCredit: 'balance',
  UserDoesNotExist: 'address',
  // As they spell it.
  NotNetworkSubcriber: 'address',
};

/** Africa's Talking: one form per message. */
export function readAfricasTalking(body: Buffer): CarrierReport[] {
  const form = new URLSearchParams(body.toString('utf8'));
  const status = form.get('status') ?? '';
  const reason = form.get('failureReason') ?? '';
  return reportOf(form.get('id'), status, AT_STATES[status], AT_REASONS[reason] ?? 'undelivered', reason || status);
}

const TWILIO_STATES: Record<string, CarrierReport['state']> = {
  accepted: 'sent',
  scheduled: 'sent',
  queued: 'sent',
  sending: 'sent',
  sent: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};
const TWILIO_CODES: Record<string, string> = {
  30003: 'undelivered',
  30004: 'blocked',
  30005: 'address',
  30006: 'address',
  30007: 'blocked',
  21610: 'blocked',
};

/** Twilio's StatusCallback: one form per message. */
export function readTwilio(body: Buffer): CarrierReport[] {
  const form = new URLSearchParams(body.toString('utf8'));
  const status = form.get('MessageStatus') ?? '';
  const code = form.get('ErrorCode') ?? '';
  return reportOf(
    form.get('MessageSid'),
    status,
    TWILIO_STATES[status],
    TWILIO_CODES[code] ?? 'undelivered',
    code ? `code ${code}` : status,
  );
}

const SENDGRID_STATES: Record<string, CarrierReport['state']> = {
  processed: 'sent',
  deferred: 'sent',
  delivered: 'delivered',
  dropped: 'failed',
  bounce: 'failed',
  blocked: 'failed',
};

/** SendGrid's event webhook: an array of events of any messages. */
export function readSendgrid(body: Buffer): CarrierReport[] {
  const events = jsonOf(body);
  if (!Array.isArray(events)) return [];
  return (events as Record<string, unknown>[]).slice(0, 5_000).flatMap((one) => {
    const status = textOf(one?.['event']);
    // X-Message-Id of the answer, and behind a dot the server that had it.
    const ref = textOf(one?.['sg_message_id']).split('.')[0];
    return reportOf(
      ref,
      status,
      SENDGRID_STATES[status],
      status === 'bounce' ? 'address' : 'blocked',
      saidBy(one?.['reason']),
    );
  });
}

const RESEND_STATES: Record<string, CarrierReport['state']> = {
  'email.sent': 'sent',
  'email.scheduled': 'sent',
  'email.delivery_delayed': 'sent',
  'email.delivered': 'delivered',
  'email.opened': 'delivered',
  'email.clicked': 'delivered',
  'email.bounced': 'failed',
  'email.failed': 'failed',
  'email.suppressed': 'failed',
};

/** Resend: one event per call. */
export function readResend(body: Buffer): CarrierReport[] {
  const event = jsonOf(body) as
    { type?: unknown; data?: { email_id?: unknown; bounce?: { message?: unknown } } } | undefined;
  const status = textOf(event?.type);
  const error = status === 'email.bounced' ? 'address' : status === 'email.suppressed' ? 'blocked' : 'undelivered';
  return reportOf(
    textOf(event?.data?.email_id),
    status,
    RESEND_STATES[status],
    error,
    saidBy(event?.data?.bounce?.message),
  );
}

function reportOf(
  ref: string | null | undefined,
  status: string,
  state: CarrierReport['state'] | undefined,
  error: string,
  detail: string,
): CarrierReport[] {
  if (!ref || ref.length > 200 || state === undefined || ref.includes('\0')) return [];
  const failed = state === 'failed';
  return [{ ref, status, state, error: failed ? error : null, detail: failed && detail ? saidBy(detail) : null }];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
