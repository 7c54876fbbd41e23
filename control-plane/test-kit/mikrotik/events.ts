import type { AttributeText } from '../../../radius/attributes';
import type { Entitlement } from './entitlement';
import type { Session, TerminateCause } from './session';

/** How a login ended for the subscriber. */
export type LoginOutcome =
  | { kind: 'online'; session: Session; reply: AttributeText[] }
  | { kind: 'rejected'; messages: string[]; reply: AttributeText[] }
  /** No server gave an answer that the router believed: silence, a wrong secret, a missing Message-Authenticator. */
  | { kind: 'timeout' }
  /** The server accepted, and the router or the client could not use it. */
  | { kind: 'failed'; reason: LoginFailure; reply: AttributeText[] };

export type LoginFailure =
  | 'bad_rate_limit'
  | 'unknown_pool'
  | 'pool_empty'
  | 'address_in_use'
  | 'no_mschap2_success'
  | 'wrong_mschap2_success'
  | 'wrong_mppe_key';

/** What became of one accounting record. `lost` is for good: a router keeps no queue. */
export type AccountingOutcome = { kind: 'acknowledged'; sends: number } | { kind: 'lost'; sends: number };

export type CoaOutcome =
  | { kind: 'ack' }
  | { kind: 'nak'; errorCause: string }
  /** Not answered: unknown sender, wrong secret, or told to be silent. */
  | { kind: 'silence'; why: 'unknown_source' | 'bad_authenticator' | 'malformed' | 'told_to' };

/** What can be observed of a router from outside and inside. */
export type RouterEvent =
  | { kind: 'login'; username: string; mac: string; outcome: LoginOutcome }
  | { kind: 'accounting'; session: Session | undefined; status: string; outcome: AccountingOutcome }
  | { kind: 'ended'; session: Session; cause: TerminateCause | 'vanished' }
  | {
      kind: 'coa';
      request: 'CoA-Request' | 'Disconnect-Request' | undefined;
      from: string;
      attributes: AttributeText[];
      outcome: CoaOutcome;
      session: Session | undefined;
      /** Attributes that the router took no notice of although it said ACK. */
      ignored: string[];
    }
  | { kind: 'changed'; session: Session; change: Partial<Entitlement> }
  | { kind: 'bad_reply'; why: string }
  | { kind: 'reboot' };

const KEPT = 2000;

/** The events of a router in order, the last 2,000 of them, and waiting for one. */
export class EventLog {
  private readonly kept: { position: number; event: RouterEvent }[] = [];
  private readonly listeners = new Set<(event: RouterEvent) => void>();
  private count = 0;

  /** The number of events so far; give it to waitFor to see what has come since. */
  get position(): number {
    return this.count;
  }

  get all(): RouterEvent[] {
    return this.kept.map(({ event }) => event);
  }

  /** Calls `listener` for each event from now on; the result ends that. */
  on(listener: (event: RouterEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: RouterEvent): void {
    this.kept.push({ position: this.count++, event });
    if (this.kept.length > KEPT) this.kept.shift();
    for (const listener of this.listeners) listener(event);
  }

  /**
   * The first event of a kind that `matches`, from `since` on (default: now). Rejects when none came within the time,
   * telling what came instead.
   */
  waitFor<K extends RouterEvent['kind']>(
    kind: K,
    matches: (event: Extract<RouterEvent, { kind: K }>) => boolean = () => true,
    { timeout_ms = 5000, since = this.count } = {},
  ): Promise<Extract<RouterEvent, { kind: K }>> {
    const fits = (event: RouterEvent): event is Extract<RouterEvent, { kind: K }> =>
      isKind(event, kind) && matches(event);
    for (const { position, event } of this.kept) if (position >= since && fits(event)) return Promise.resolve(event);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        const came = this.kept.filter(({ position }) => position >= since).map(({ event }) => event.kind);
        reject(new Error(`no such ${kind} within ${timeout_ms} ms; since then came: ${came.join(', ') || 'nothing'}`));
      }, timeout_ms);
      const stop = this.on((event) => {
        if (!fits(event)) return;
        clearTimeout(timer);
        stop();
        resolve(event);
      });
    });
  }
}

function isKind<K extends RouterEvent['kind']>(
  event: RouterEvent,
  kind: K,
): event is Extract<RouterEvent, { kind: K }> {
  return event.kind === kind;
}
