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
import type { LoginDoor } from '../relay';
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
  /** For logins of routers whose secret is being replaced; without FreeRADIUS on this host there is none. */
  door?: LoginDoor | undefined;
  /** Told of each packet that such a router signed with the new secret. */
  newSecretUsed: (nas: Nas) => void;
}

const LOG_EVERY_MS = 60_000;
/** Packets on their way into quarantine at once: beyond it they are dropped, so that a broken router keeps the database's connections from nobody. */
const MOST_KEPT_ASIDE_AT_ONCE = 2;

/** A packet in hand; its retransmissions are answered together with it. */
interface InHand {
  answers: (() => void)[];
  /** It was signed with this one, and so are its answers. */
  secret: Buffer;
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
    if (packet.code === Code.AccessRequest && nas.rotation) return this.carry(datagram, packet, nas, from, socket);
    if (packet.code !== Code.AccountingRequest) {
      counters.malformed += 1;
      return;
    }
    const key = keyOf(datagram, from);
    const first = this.inHand.get(key);
    const answer = (secret: Buffer): void => this.answer(packet, secret, from, socket);
    if (first) {
      counters.duplicates += 1;
      first.answers.push(() => answer(first.secret));
      return;
    }
    const secret = this.secretOf(packet, nas);
    if (!secret) return;
    this.take(packet, nas.behind ? speakerOf(nas, readIdentity(packet)) : nas, key, secret, () => answer(secret));
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

  /** A login with the new secret of a router whose secret is being replaced: FreeRADIUS judges it, as at its own port. */
  private carry(datagram: Buffer, packet: Packet, nas: Nas, from: RemoteInfo, socket: Socket): void {
    const { counters, door } = this.o;
    const near = nas.rotation?.door.near;
    if (!door || !near) return;
    if (verifyRequest(packet, near) !== 'valid') {
      counters.bad_authenticator += 1;
      return;
    }
    const taken = door.take(nas.id, keyOf(datagram, from), datagram, (reply) => send(socket, reply, from));
    if (taken) this.o.newSecretUsed(nas);
    else counters.dropped += 1;
  }

  /** The secret that a packet was signed with: of a router whose secret is being replaced the new one or the old. */
  private secretOf(packet: Packet, nas: Nas): Buffer | undefined {
    const verdict = verifyRequest(packet, nas.secret);
    const other = nas.rotation?.other;
    const secret =
      verdict === 'valid' ? nas.secret : other && verifyRequest(packet, other) === 'valid' ? other : undefined;
    if (secret) {
      if (nas.rotation && secret.equals(nas.rotation.door.near)) this.o.newSecretUsed(nas);
      return secret;
    }
    this.o.counters.bad_authenticator += 1;
    if (this.limit.allows(`secret ${nas.address}`, Date.now()))
      this.o.log.warn(
        { router: nas.name, address: nas.address, verdict },
        'accounting that the shared secret does not fit; set the same secret on both sides',
      );
    return undefined;
  }

  private take(packet: Packet, nas: Nas, key: string, secret: Buffer, answer: () => void): void {
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
    const hand: InHand = { answers: [answer], secret };
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

  private answer(packet: Packet, secret: Buffer, to: RemoteInfo, socket: Socket): void {
    this.o.counters.answered += 1;
    send(socket, encodeAccountingResponse(packet, secret), to);
  }

  /** RFC 5997 section 4.2: alive means able to do the work, so there is no answer while nothing could be made durable. */
  private answerStatus(packet: Packet, nas: Nas, from: RemoteInfo, socket: Socket): void {
    const secret = this.secretOf(packet, nas);
    if (!secret) return;
    this.o.counters.status_server += 1;
    if (!this.o.intake.canPromise(nas.id)) return;
    send(socket, PacketBuilder.reply(packet, Code.AccountingResponse).addMessageAuthenticator().seal(secret), from);
  }
}

/** RFC 5080 section 2.2.2: a duplicate has the same source address and port, identifier and authenticator. */
function keyOf(datagram: Buffer, from: RemoteInfo): string {
  return `${from.address} ${from.port} ${datagram.toString('latin1', 1, 2)}${datagram.toString('latin1', 4, 20)}`;
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
