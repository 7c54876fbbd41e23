import { Leg, type Server } from './leg';

/** How the logins of one router go on: with which secret they come, from which loopback address and with which secret FreeRADIUS gets them. */
export interface DoorWay {
  near: Buffer;
  from: string;
  secret: Buffer;
}

interface Open {
  way: DoorWay;
  leg: Leg;
}

interface Asked {
  routerId: string;
  /** Those who sent the same packet while it was on its way. */
  answers: ((reply: Buffer) => void)[];
  reply?: Buffer;
}

/** FreeRADIUS may be started again meanwhile; later than this the router has given up (three sends of three seconds). */
const RESEND_MS = [500, 1000, 2000, 3000, 2500];
/** A packet that comes again within this gets the first answer again (RFC 5080 section 2.2.2); FreeRADIUS keeps it as long (cleanup_delay). */
const KEPT_MS = 5000;
/** Packets that are remembered; beyond it one that comes again is asked again, which changes nothing but costs a login. */
const KEPT_MOST = 8192;

/**
 * The second place where logins are taken: of routers whose secret is being replaced, with the new one. It carries them to FreeRADIUS, which knows the
 * router there by an address of its own, and the answer back.
 */
export class LoginDoor {
  private readonly routers = new Map<string, Open>();
  private readonly asked = new Map<string, Asked>();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly to: Server) {}

  /** The routers that may come, by id; of all others nothing is carried any more. */
  agree(ways: ReadonlyMap<string, DoorWay>): void {
    for (const [id, open] of this.routers) {
      const way = ways.get(id);
      if (way && sameWay(way, open.way)) continue;
      open.leg.close();
      this.routers.delete(id);
      // What was on its way finds no answer any more; asked again it is another login.
      for (const [key, asked] of this.asked) if (asked.routerId === id) this.asked.delete(key);
    }
    for (const [id, way] of ways) {
      if (this.routers.has(id)) continue;
      const leg = new Leg({ ...way, to: this.to, resendAfterMs: RESEND_MS });
      this.routers.set(id, { way, leg });
    }
  }

  /**
   * Takes a verified Access-Request of a router and calls `answer` when FreeRADIUS has answered it; never, when it does not.
   * @param key what tells this packet from any other: where it came from, its identifier and authenticator
   * @returns whether it was taken
   */
  take(routerId: string, key: string, datagram: Buffer, answer: (reply: Buffer) => void): boolean {
    const open = this.routers.get(routerId);
    if (!open) return false;
    const before = this.asked.get(key);
    if (before) {
      if (before.reply) answer(before.reply);
      else before.answers.push(answer);
      return true;
    }
    if (!open.leg.hasRoom) return false;
    const asked: Asked = { routerId, answers: [answer] };
    if (this.asked.size < KEPT_MOST) this.asked.set(key, asked);
    // Carried in place: what was received belongs to the socket.
    open.leg.send(Buffer.from(datagram), (reply) => {
      if (reply === undefined) {
        this.asked.delete(key);
        return;
      }
      asked.reply = reply;
      for (const tell of asked.answers) tell(reply);
      asked.answers = [];
      this.forgetLater(key);
    });
    return true;
  }

  close(): void {
    for (const { leg } of this.routers.values()) leg.close();
    for (const timer of this.timers) clearTimeout(timer);
    this.routers.clear();
    this.timers.clear();
    this.asked.clear();
  }

  private forgetLater(key: string): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.asked.delete(key);
    }, KEPT_MS);
    this.timers.add(timer);
  }
}

function sameWay(a: DoorWay, b: DoorWay): boolean {
  return a.from === b.from && a.near.equals(b.near) && a.secret.equals(b.secret);
}
