import { PacketBuilder } from '../../packet';
import type { EnforcementStore, FrontOrder } from '../store';
import type { Answer, Order } from './client';

export interface FrontExchange extends Order {
  /** Instance of the front that holds the connection. */
  front: string;
  nasId: string;
}

interface Pending {
  /** Of the request: the answer's is one or two more (RFC 5176 section 2.3). */
  code: number;
  begun_ms: number;
  timer: NodeJS.Timeout;
  settle(answer: Answer): void;
}

/** Asked for even though no word came, in case one was lost. */
const LOOK_EVERY_MS = 1000;

/**
 * Orders to routers that are connected to a RadSec front, here or on another host: through the database, which both reach, to the front that holds the
 * connection (docs/decisions/0035). What comes while a statement is under way goes with the next.
 */
export class Fronts {
  private readonly pending = new Map<string, Pending>();
  private readonly waiting: FrontOrder[] = [];
  private giving = false;
  private taking = false;
  private takeAgain = false;
  private look: NodeJS.Timeout | undefined;
  private lastN = 0;
  private closed = false;

  constructor(
    private readonly o: {
      instance: string;
      store: Pick<EnforcementStore, 'giveOrders' | 'takeAnswers'>;
      /** After this an order counts as unanswered. */
      patience_ms: number;
    },
  ) {}

  /** One exchange. Never throws for what a network or the database does: that is silence. */
  request(order: FrontExchange): Promise<Answer> {
    const { front, nasId, secret, code } = order;
    if (this.closed) return Promise.resolve({ outcome: 'aborted' });
    // TLS loses nothing: it is sent once, with an identifier that the front gives.
    const builder = PacketBuilder.request(code, 0);
    order.write(builder);
    this.lastN += 1;
    const n = String(this.lastN);
    this.waiting.push({ n, front, nas_id: nasId, request: builder.seal(secret).toString('base64') });
    return new Promise((resolve) => {
      const settle = (answer: Answer): void => {
        const pending = this.pending.get(n);
        clearTimeout(pending?.timer);
        this.pending.delete(n);
        if (this.pending.size === 0) {
          clearInterval(this.look);
          this.look = undefined;
        }
        resolve(answer);
      };
      const begun_ms = performance.now();
      const timer = setTimeout(() => settle(silence(begun_ms)), this.o.patience_ms);
      this.pending.set(n, { code, begun_ms, timer, settle });
      this.look ??= setInterval(() => this.heard(), LOOK_EVERY_MS);
      void this.give();
    });
  }

  /** An answer to one of ours may be there. */
  heard(): void {
    if (this.pending.size === 0) return;
    this.takeAgain = true;
    if (!this.taking) void this.take();
  }

  /** Ends all exchanges as aborted. */
  close(): void {
    this.closed = true;
    for (const pending of this.pending.values()) pending.settle({ outcome: 'aborted' });
  }

  private async give(): Promise<void> {
    if (this.giving) return;
    this.giving = true;
    while (this.waiting.length > 0 && !this.closed) {
      const batch = this.waiting.splice(0);
      try {
        await this.o.store.giveOrders(this.o.instance, batch);
      } catch {
        for (const { n } of batch) this.unanswered(n);
      }
    }
    this.giving = false;
  }

  private async take(): Promise<void> {
    this.taking = true;
    while (this.takeAgain && !this.closed) {
      this.takeAgain = false;
      // What cannot be read now is read at the next look.
      const answers = await this.o.store.takeAnswers(this.o.instance).catch(() => []);
      for (const { n, code, error_cause } of answers) {
        const pending = this.pending.get(n);
        if (pending === undefined) continue;
        const step = code - pending.code;
        const ms = Math.round(performance.now() - pending.begun_ms);
        if (step === 1 || step === 2)
          pending.settle({ outcome: step === 1 ? 'ack' : 'nak', errorCause: error_cause, ms });
        else this.unanswered(n);
      }
    }
    this.taking = false;
  }

  private unanswered(n: string): void {
    const pending = this.pending.get(n);
    pending?.settle(silence(pending.begun_ms));
  }
}

function silence(begun_ms: number): Answer {
  return { outcome: 'silence', ms: Math.round(performance.now() - begun_ms), refusedReplies: 0 };
}
