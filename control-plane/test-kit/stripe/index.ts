import { createHmac, randomBytes } from 'node:crypto';
import { SimulatedServer, type Answer, type Asked } from '../simulated-server';
import { refuse, type Endpoint, type Given, type Session, type SimulatedRefund } from './model';

export type { Session, SimulatedRefund } from './model';

/** cut: done and broken off; error: not done, HTTP 500; garbage: not done, HTML; rate: too many at once. */
export type StripeFault = 'cut' | 'error' | 'garbage' | 'rate';

/**
 * Stripe's API as the package speaks to it: checkout sessions, refunds, endpoints of events, idempotency keys. Events go to the endpoints that were
 * registered, signed as Stripe documents it, when `tell` is called.
 */
export class SimulatedStripe extends SimulatedServer {
  readonly sessions: Session[] = [];
  readonly refunds: SimulatedRefund[] = [];
  readonly endpoints: Endpoint[] = [];
  private readonly faults: StripeFault[] = [];
  private readonly before: ((session: Session) => unknown)[] = [];
  private readonly held = new Map<string, number>();
  private readonly done = new Map<string, { asked: string; answer: Answer }>();

  constructor(readonly key: string) {
    super();
  }

  failNext(...faults: StripeFault[]): void {
    this.faults.push(...faults);
  }

  beforeAnswer(work: (session: Session) => unknown): void {
    this.before.push(work);
  }

  /** The next questions about it are answered as if it were open. */
  hold(session: Session, times: number): void {
    this.held.set(session.id, times);
  }

  /** The customer pays with a card. */
  pay(session: Session): Session {
    if (session.payment_status !== 'paid')
      Object.assign(session, { payment_status: 'paid', status: 'complete', payment_intent: idOf('pi') });
    return session;
  }

  expire(session: Session): Session {
    return Object.assign(session, { payment_status: 'unpaid', status: 'expired', payment_intent: null });
  }

  /** Tells an event of an object to every endpoint that wants it. `change` alters what is told; `secret` signs with another. */
  async tell(
    type: string,
    object: unknown,
    { id = idOf('evt'), secret, at = new Date(), to }: { id?: string; secret?: string; at?: Date; to?: string } = {},
  ): Promise<{ status: number }> {
    const body = JSON.stringify({
      id,
      object: 'event',
      api_version: '2026-10-28.endive',
      created: Math.floor(at.getTime() / 1_000),
      type,
      livemode: this.key.includes('_live_'),
      pending_webhooks: 1,
      data: { object },
    });
    const wanting = this.endpoints.filter((one) => one.enabled_events.includes(type));
    let last = { status: 0 };
    for (const one of wanting) {
      const header = stripeSignature(secret ?? one.secret, body, at);
      last = await this.post(to ?? one.url, body, { 'stripe-signature': header });
    }
    return last;
  }

  /** The event of a session as it stands. */
  tellSession(session: Session, how: Parameters<SimulatedStripe['tell']>[2] = {}): Promise<{ status: number }> {
    const type = session.status === 'expired' ? 'checkout.session.expired' : 'checkout.session.completed';
    return this.tell(type, session, how);
  }

  protected async answer({ method, path, headers, text }: Asked): Promise<Answer | undefined> {
    if (headers['authorization'] !== `Bearer ${this.key}`)
      return refuse(401, 'invalid_request_error', 'Invalid API Key provided', undefined);
    const key = headers['idempotency-key'] ?? '';
    const before = method === 'POST' ? this.done.get(key) : undefined;
    if (before && before.asked !== path + text)
      return refuse(400, 'idempotency_error', 'Keys for idempotent requests can only be used with the same parameters');
    if (before) return before.answer;
    const met = method === 'POST' && path === '/v1/checkout/sessions' ? this.faults.shift() : undefined;
    if (met === 'error') return refuse(500, 'api_error', 'An unknown error occurred');
    if (met === 'garbage') return { status: 200, body: '<html>Hello</html>' };
    if (met === 'rate') return refuse(429, 'invalid_request_error', 'Too many requests', 'rate_limit');
    const answer = await this.route(method, path, readForm(text));
    if (answer !== 'cut' && answer.status < 400 && key !== '' && method === 'POST')
      this.done.set(key, { asked: path + text, answer });
    return met === 'cut' ? 'cut' : answer;
  }

  private async route(method: string, path: string, given: Given): Promise<Answer> {
    const [, , what, second = '', third = ''] = path.split('/');
    if (what === 'checkout' && second === 'sessions')
      return method === 'POST' && third === '' ? this.open(given) : this.show(third);
    if (what === 'refunds') return method === 'POST' ? this.giveBack(given) : this.showRefund(second);
    if (what === 'webhook_endpoints') return this.endpoint(method, second, given);
    return refuse(404, 'invalid_request_error', `Unrecognized request URL (${method}: ${path})`);
  }

  private async open(given: Given): Promise<Answer> {
    const amount = Number(given['line_items[0][price_data][unit_amount]']);
    const url = given['success_url'] ?? '';
    if (!Number.isInteger(amount))
      return refuse(400, 'invalid_request_error', 'Invalid integer', 'parameter_invalid_integer');
    if (amount < 50) return refuse(400, 'invalid_request_error', 'The amount is too small', 'amount_too_small');
    if (!/^https?:\/\//.test(url)) return refuse(400, 'invalid_request_error', 'Not a valid URL', 'url_invalid');
    const id = idOf(this.key.includes('_live_') ? 'cs_live' : 'cs_test');
    const session: Session = {
      id,
      object: 'checkout.session',
      client_reference_id: given['client_reference_id'] ?? null,
      metadata: { order: given['metadata[order]'] ?? '' },
      amount_total: amount,
      currency: given['line_items[0][price_data][currency]'] ?? '',
      payment_intent: null,
      payment_status: 'unpaid',
      status: 'open',
      url: `https://checkout.stripe.com/c/pay/${id}`,
      success_url: url,
      cancel_url: given['cancel_url'] ?? '',
      livemode: this.key.includes('_live_'),
    };
    this.sessions.push(session);
    const as = { ...session };
    await this.before.shift()?.(session);
    return { status: 200, body: as };
  }

  private show(id: string): Answer {
    const session = this.sessions.find((one) => one.id === id);
    if (!session) return refuse(404, 'invalid_request_error', `No such checkout.session: ${id}`, 'resource_missing');
    const left = this.held.get(id) ?? 0;
    this.held.set(id, left - 1);
    const open = { payment_status: 'unpaid', status: 'open', payment_intent: null };
    return { status: 200, body: left > 0 ? { ...session, ...open } : session };
  }

  private showRefund(id: string): Answer {
    const body = this.refunds.find((one) => one.id === id);
    return body ? { status: 200, body } : refuse(404, 'invalid_request_error', 'No such refund', 'resource_missing');
  }

  private giveBack(given: Given): Answer {
    const session = this.sessions.find(
      (one) => one.payment_intent !== null && one.payment_intent === given['payment_intent'],
    );
    if (!session) return refuse(404, 'invalid_request_error', 'No such payment_intent', 'resource_missing');
    const gone = this.refunds.filter((one) => one.payment_intent === session.payment_intent);
    const left = session.amount_total - gone.reduce((sum, one) => sum + one.amount, 0);
    const amount = Number(given['amount'] ?? left);
    if (left === 0) return refuse(400, 'invalid_request_error', 'Already refunded', 'charge_already_refunded');
    if (amount > left) return refuse(400, 'invalid_request_error', 'Refund amount is greater than unrefunded amount');
    const refund: SimulatedRefund = {
      id: idOf('re'),
      object: 'refund',
      payment_intent: session.payment_intent,
      amount,
      currency: session.currency,
      status: 'succeeded',
      reason: given['reason'] ?? null,
      metadata: given['metadata[refund]'] === undefined ? {} : { refund: given['metadata[refund]'] },
    };
    this.refunds.push(refund);
    return { status: 200, body: refund };
  }

  private endpoint(method: string, id: string, given: Given): Answer {
    const standing = this.endpoints.find((one) => one.id === id);
    if (method === 'GET')
      return {
        status: 200,
        body: { object: 'list', has_more: false, data: this.endpoints.map((one) => ({ ...one, secret: undefined })) },
      };
    if (method === 'DELETE') {
      if (standing) this.endpoints.splice(this.endpoints.indexOf(standing), 1);
      return { status: 200, body: { id, object: 'webhook_endpoint', deleted: true } };
    }
    const enabled_events = Object.entries(given).flatMap(([name, value]) =>
      name.startsWith('enabled_events[') ? [value] : [],
    );
    if (standing) return { status: 200, body: Object.assign(standing, { enabled_events }) };
    const url = given['url'] ?? '';
    if (this.key.includes('_live_') && !url.startsWith('https:'))
      return refuse(400, 'invalid_request_error', 'Invalid URL: URLs must be https in live mode', 'url_invalid');
    const made: Endpoint = {
      id: idOf('we'),
      object: 'webhook_endpoint',
      url,
      enabled_events,
      status: 'enabled',
      secret: `whsec_${randomBytes(16).toString('hex')}`,
    };
    this.endpoints.push(made);
    return { status: 200, body: made };
  }
}

/** The header that Stripe documents: HMAC-SHA256 of time, a dot and the body, under the whole secret. */
export function stripeSignature(secret: string, body: string, at: Date): string {
  const t = Math.floor(at.getTime() / 1_000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}

const idOf = (kind: string): string => `${kind}_${randomBytes(12).toString('hex')}`;
const readForm = (text: string): Given => Object.fromEntries(new URLSearchParams(text));

/** Starts one; call stop(). */
export async function startStripe(key = 'sk_test_51LangoSimulated'): Promise<SimulatedStripe> {
  const stripe = new SimulatedStripe(key);
  await stripe.start();
  return stripe;
}
