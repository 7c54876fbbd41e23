import type { RemoteInfo, Socket } from 'node:dgram';
import { Code, decodePacket, encodeAccountingResponse, type Packet, PacketBuilder, verifyRequest } from '../packet';
import { BootDigits, restartOf } from './boot-digits';
import type { Counters } from './counters';
import type { IntakeQueue, Waiting } from './intake-queue';
import { type PartLog, RateLimit } from '../part';
import { type Nas, plainAddress, speakerOf } from './nas';
import type { NasTable } from './nas-table';
import { readIdentity, readRecord } from './read-record';
import type { AccountingRecord } from './record';
import type { AccountingStore } from './store';

export interface ReceiverOptions {
  table: NasTable;
  intake: IntakeQueue;
  store: AccountingStore;
  counters: Counters;
  log: PartLog;
  /** Told of each verified packet of a router, and of each packet of an address that is none. */
  heardOf: (nas: Nas, packet: Packet) => void;
  unknownHeard: (address: string) => void;
}

const LOG_EVERY_MS = 60_000;
/** Packets on their way into quarantine at once: beyond it they are dropped, so that a broken router keeps the database's connections from nobody. */
const MOST_KEPT_ASIDE_AT_ONCE = 2;

/** A packet in hand; its retransmissions are answered together with it. */
interface InHand {
  answers: (() => void)[];
}

/**
 * What happens to a datagram: known router, verified, read, given to the intake queue, answered when it is durable. Whatever
 * is wrong with it is a silent discard with a counter (RFC 2866 section 3).
 */
export class Receiver {
  private readonly inHand = new Map<string, InHand>();
  private readonly boots = new BootDigits();
  private readonly limit = new RateLimit(LOG_EVERY_MS);
  private keepingAside = 0;

  constructor(private readonly o: ReceiverOptions) {}

  receive(datagram: Buffer, from: RemoteInfo, socket: Socket): void {
    const { counters } = this.o;
    counters.received += 1;
    const nas = this.routerAt(from.address);
    if (!nas) return;
    const decoded = decodePacket(datagram);
    if (decoded.kind === 'malformed') {
      counters.malformed += 1;
      return;
    }
    const { packet } = decoded;
    if (packet.code === Code.StatusServer) return this.answerStatus(packet, nas, from, socket);
    if (packet.code !== Code.AccountingRequest) {
      counters.malformed += 1;
      return;
    }
    // RFC 5080 section 2.2.2: a duplicate has the same source address and port, identifier and authenticator.
    const key = `${from.address} ${from.port} ${datagram.toString('latin1', 1, 2)}${datagram.toString('latin1', 4, 20)}`;
    const first = this.inHand.get(key);
    const answer = (): void => this.answer(packet, nas, from, socket);
    if (first) {
      counters.duplicates += 1;
      first.answers.push(answer);
      return;
    }
    if (!this.verified(packet, nas)) return;
    this.take(packet, nas.behind ? speakerOf(nas, readIdentity(packet)) : nas, key, answer);
  }

  private routerAt(remote: string): Nas | undefined {
    const address = plainAddress(remote);
    const nas = this.o.table.find(address);
    if (nas) return nas;
    this.o.counters.unknown_nas += 1;
    this.o.unknownHeard(address);
    if (this.limit.allows(address, Date.now()))
      this.o.log.warn(
        { address },
        'accounting from an address that is no router of ours; add the router or correct its address',
      );
    return undefined;
  }

  private verified(packet: Packet, nas: Nas): boolean {
    const verdict = verifyRequest(packet, nas.secret);
    if (verdict === 'valid') return true;
    this.o.counters.bad_authenticator += 1;
    if (this.limit.allows(`secret ${nas.address}`, Date.now()))
      this.o.log.warn(
        { router: nas.name, address: nas.address, verdict },
        'accounting that the shared secret does not fit; set the same secret on both sides',
      );
    return false;
  }

  private take(packet: Packet, nas: Nas, key: string, answer: () => void): void {
    const { counters, intake } = this.o;
    const reading = readRecord(packet, nas, Date.now());
    switch (reading.kind) {
      case 'ignored':
        counters.ignored += 1;
        answer();
        return;
      case 'unusable':
        void this.keepAside(packet, nas, reading.reason, answer);
        return;
      case 'record':
        break;
    }
    if (reading.sanitised) counters.sanitised += 1;
    const { record } = reading;
    this.o.heardOf(nas, packet);
    const hand: InHand = { answers: [answer] };
    this.inHand.set(key, hand);
    const boot = record.kind === 'session' ? this.boots.note(record) : undefined;
    if (boot !== undefined && record.kind === 'session') intake.add(waiting(restartOf(record, boot), () => undefined));
    intake.add(
      waiting(record, (durable) => {
        this.inHand.delete(key);
        if (durable) for (const reply of hand.answers) reply();
      }),
    );
  }

  /** A packet that names no session can be put nowhere; the router is told that it arrived, so that it stops, and a person can look at it. */
  private async keepAside(packet: Packet, nas: Nas, reason: string, answer: () => void): Promise<void> {
    if (this.keepingAside >= MOST_KEPT_ASIDE_AT_ONCE) {
      this.o.counters.dropped += 1;
      return;
    }
    this.keepingAside += 1;
    const kept = await this.o.store.quarantine(nas.tenantId, nas.address, packet.bytes, reason);
    this.keepingAside -= 1;
    if (kept.kind !== 'ok') return;
    this.o.counters.quarantined += 1;
    answer();
  }

  private answer(packet: Packet, nas: Nas, to: RemoteInfo, socket: Socket): void {
    this.o.counters.answered += 1;
    send(socket, encodeAccountingResponse(packet, nas.secret), to);
  }

  /** RFC 5997 section 4.2: alive means able to do the work, so there is no answer while nothing could be made durable. */
  private answerStatus(packet: Packet, nas: Nas, from: RemoteInfo, socket: Socket): void {
    if (verifyRequest(packet, nas.secret) !== 'valid') {
      this.o.counters.bad_authenticator += 1;
      return;
    }
    this.o.counters.status_server += 1;
    if (!this.o.intake.canPromise(nas.id)) return;
    send(socket, PacketBuilder.reply(packet, Code.AccountingResponse).addMessageAuthenticator().seal(nas.secret), from);
  }
}

function waiting(record: AccountingRecord, done: (durable: boolean) => void): Waiting {
  return { record, since_ms: performance.now(), done, settled: false, spooling: false };
}

function send(socket: Socket, reply: Buffer, to: RemoteInfo): void {
  try {
    socket.send(reply, to.port, to.address, () => undefined);
  } catch {
    // The socket of an address that has just left this host; the router asks again elsewhere.
  }
}
