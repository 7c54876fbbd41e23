import { createSocket, type RemoteInfo } from 'node:dgram';
import { add, get, has } from '../../radius/attributes';
import { Code, decodePacket, PacketBuilder, verifyRequest, type Packet } from '../../radius/packet';

/** What the enforcer asked, as it stood on the wire. */
export interface Asked {
  code: 'disconnect' | 'coa';
  acctSessionId: string | undefined;
  username: string | undefined;
  framedIp: string | undefined;
  rateLimit: string | undefined;
  sessionTimeout: number | undefined;
  totalLimit: number | undefined;
  signed: boolean;
  hasNasIdentity: boolean;
  bytes: Buffer;
  at: number;
}

export type Reaction = 'ack' | 'silence' | 'ack with a wrong secret' | { nak: number | null };

/** The CoA port of a NAS that does exactly as the test says; every rule of a real one is the simulated MikroTik's. */
export interface ScriptedRouter {
  port: number;
  asked: Asked[];
  /** Decides about each request; `ack` by default. */
  react(asked: Asked): Reaction | Promise<Reaction>;
  close(): Promise<void>;
}

export async function startScriptedRouter(o: {
  address: string;
  secret?: string;
  port?: number;
}): Promise<ScriptedRouter> {
  const secret = Buffer.from(o.secret ?? 'router-secret');
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(o.port ?? 0, o.address, resolve);
  });
  const router: ScriptedRouter = {
    port: socket.address().port,
    asked: [],
    react: () => 'ack',
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
  const receive = async (datagram: Buffer, from: RemoteInfo): Promise<void> => {
    const decoded = decodePacket(datagram);
    if (decoded.kind === 'malformed') throw new Error(`the enforcer sent rubbish: ${decoded.reason}`);
    const { packet } = decoded;
    if (verifyRequest(packet, secret) !== 'valid') return;
    const asked = describe(packet);
    const again = router.asked.some((earlier) => earlier.bytes.equals(asked.bytes));
    if (!again) router.asked.push(asked);
    const reaction = await router.react(asked);
    const answers = reaction === 'ack' || typeof reaction === 'object';
    // On a busy machine an answer may cross a retransmission: of a request that is answered, only the first counts.
    if (again && !answers) router.asked.push(asked);
    if (reaction === 'silence') return;
    const nak = typeof reaction === 'object';
    const base = packet.code === Code.CoaRequest ? Code.CoaAck : Code.DisconnectAck;
    const reply = PacketBuilder.reply(packet, (nak ? base + 1 : base) as Code);
    if (nak && reaction.nak !== null) add(reply, 'Error-Cause', reaction.nak);
    const sealed = reply.seal(reaction === 'ack with a wrong secret' ? Buffer.from('another') : secret);
    socket.send(sealed, from.port, from.address, () => undefined);
  };
  socket.on('message', (datagram, from) => void receive(datagram, from));
  return router;
}

function describe(packet: Packet): Asked {
  return {
    code: packet.code === Code.CoaRequest ? 'coa' : 'disconnect',
    acctSessionId: get(packet, 'Acct-Session-Id'),
    username: get(packet, 'User-Name'),
    framedIp: get(packet, 'Framed-IP-Address'),
    rateLimit: get(packet, 'Mikrotik-Rate-Limit'),
    sessionTimeout: get(packet, 'Session-Timeout'),
    totalLimit: get(packet, 'Mikrotik-Total-Limit'),
    signed: has(packet, 'Message-Authenticator'),
    hasNasIdentity: has(packet, 'NAS-IP-Address') || has(packet, 'NAS-Identifier'),
    bytes: packet.bytes,
    at: performance.now(),
  };
}

/** Waits until `check` gives something other than undefined or false, looking every few milliseconds. */
export async function until<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 15_000,
  what = 'it',
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`${what} did not happen within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}
