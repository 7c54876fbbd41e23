import { get } from '../attributes';
import { decodePacket, Packet, verifyReply } from '../packet';
import { carryRequest } from '../relay';
import { RADSEC_SECRET } from './secret';

/** What a router answered to an order. */
export interface OrderAnswer {
  code: number;
  errorCause: number | null;
}

interface Under {
  sent: Packet;
  timer: NodeJS.Timeout;
  answered(answer: OrderAnswer): void;
}

const IDS = 256;
/** Longer than an enforcer waits: until then the identifier is not given to another order. */
const REMEMBERED_MS = 10_000;

/**
 * CoA and Disconnect requests (RFC 5176) on one router's TLS connection, which the router opened: behind a carrier's NAT nothing else reaches it.
 */
export class Orders {
  private readonly byId = new Map<number, Under>();
  private nextId = 0;

  /** `write` sends to the router; false when its connection cannot take it now. */
  constructor(private readonly write: (bytes: Buffer) => boolean) {}

  /** Sends one on; false when that cannot be done now. `answered` is called at most once. */
  give(request: Buffer, answered: (answer: OrderAnswer) => void): boolean {
    const id = this.freeId();
    if (id === undefined || decodePacket(request).kind === 'malformed') return false;
    const bytes = Buffer.from(request);
    carryRequest(bytes, id, RADSEC_SECRET, RADSEC_SECRET);
    if (!this.write(bytes)) return false;
    const timer = setTimeout(() => this.byId.delete(id), REMEMBERED_MS);
    this.byId.set(id, { sent: new Packet(bytes), timer, answered });
    return true;
  }

  /** A reply of the router; true when it answers an order. Others are nobody's and are dropped (RFC 6613 section 2.6.4). */
  reply(reply: Packet): boolean {
    const order = this.byId.get(reply.identifier);
    // Request 40 is answered by 41 or 42, 43 by 44 or 45.
    const step = reply.code - (order?.sent.code ?? reply.code);
    if (!order || (step !== 1 && step !== 2)) return false;
    if (verifyReply(reply, order.sent, RADSEC_SECRET) !== 'valid') return false;
    clearTimeout(order.timer);
    this.byId.delete(reply.identifier);
    order.answered({ code: reply.code, errorCause: get(reply, 'Error-Cause') ?? null });
    return true;
  }

  close(): void {
    for (const order of this.byId.values()) clearTimeout(order.timer);
    this.byId.clear();
  }

  /** Identifiers go round, so that one is used again as late as possible: a router may answer a repeated one from its cache. */
  private freeId(): number | undefined {
    for (let step = 0; step < IDS; step += 1) {
      const id = (this.nextId + step) % IDS;
      if (this.byId.has(id)) continue;
      this.nextId = (id + 1) % IDS;
      return id;
    }
    return undefined;
  }
}
