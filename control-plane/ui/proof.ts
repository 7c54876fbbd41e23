import type { Locale } from '../platform/i18n';
import { formatLatency } from './format';
import type { Reader } from './reader';

/** An order to the network and what became of it; the shape of GET /api/enforcements/:id with times as dates. */
export interface Enforcement {
  id: string;
  kind: 'cut' | 'throttle' | 'restore' | 'refresh' | 'login';
  state: 'open' | 'proven' | 'unproven' | 'gave_up';
  askedAt: Date;
  attempts: {
    via: 'coa' | 'disconnect' | 'api';
    outcome: 'ack' | 'nak' | 'silence' | null;
    errorCause?: string | undefined;
    ms?: number | undefined;
  }[];
  provenAt?: Date | undefined;
}

export interface Proof {
  id: string;
  tone: 'open' | 'proven' | 'troubled' | 'lost';
  steps: { text: string; strong: boolean }[];
  next?: string;
  /** While true the page keeps listening for more. */
  open: boolean;
}

/**
 * The proof line: sent, ACK 41 ms, gone 0.6 s. Neutral while open, green only when proven, amber with the cause and the next
 * step on NAK or silence.
 */
export function proofLine(order: Enforcement, { t, locale }: Reader): Proof {
  const say = (key: string, params: Record<string, string | number> = {}) => t(`ui.proof.${key}`, params);
  const last = order.attempts.at(-1);
  const steps = [{ text: say(last ? 'sent' : 'asked'), strong: true }];
  if (last) steps.push({ text: answer(last, say, locale), strong: last.outcome === 'nak' });
  if (last?.outcome === 'nak' && last.errorCause) steps.push({ text: last.errorCause, strong: false });
  const proof: Proof = { id: order.id, tone: toneOf(order, last?.outcome), steps, open: order.state === 'open' };
  switch (order.state) {
    case 'proven':
      steps.push({ text: say(`proven_${order.kind}`, { after: since(order, locale) }), strong: true });
      break;
    case 'unproven':
      proof.next = say('unproven');
      break;
    case 'gave_up':
      steps.push({ text: say('gave_up', { count: order.attempts.length }), strong: true });
      proof.next = say('gave_up_next');
      break;
    case 'open':
      if (last?.outcome === 'ack') proof.next = say('waiting');
      else if (last) proof.next = say('again', { count: order.attempts.length + 1 });
  }
  return proof;
}

type Say = (key: string, params?: Record<string, string | number>) => string;

function answer(attempt: Enforcement['attempts'][number], say: Say, locale: Locale): string {
  const took = attempt.ms === undefined ? '' : ` ${formatLatency(attempt.ms, locale)}`;
  switch (attempt.outcome) {
    case 'ack':
      return `ACK${took}`;
    case 'nak':
      return `NAK${took}`;
    case 'silence':
      return `${say('silence')}${took}`;
    case null:
      return say('listening');
  }
}

function toneOf(order: Enforcement, outcome: 'ack' | 'nak' | 'silence' | null | undefined): Proof['tone'] {
  if (order.state === 'proven') return 'proven';
  if (order.state === 'gave_up') return 'lost';
  return order.state === 'unproven' || outcome === 'nak' || outcome === 'silence' ? 'troubled' : 'open';
}

function since(order: Enforcement, locale: Locale): string {
  return order.provenAt ? formatLatency(Math.max(0, order.provenAt.getTime() - order.askedAt.getTime()), locale) : '';
}
