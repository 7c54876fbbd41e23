import { createSocket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { Code, decodePacket, PacketBuilder, verifyReply, type Packet } from '../../radius/packet';

/** Where a RADIUS server of ours answers Status-Server. */
export interface StatusTarget {
  host: string;
  port: number;
  /** Shared secret of the address that asks. */
  secret: string;
  /** Address to ask from; FreeRADIUS answers health checks from freeradius-config's healthAddress alone. */
  from?: string;
}

/**
 * Asks a RADIUS server whether it lives (Status-Server, RFC 5997). Only an answer that is signed with the secret counts; silence for
 * `timeoutMs` is a no.
 */
export function askStatus(target: StatusTarget, timeoutMs = 1_000): Promise<boolean> {
  const socket = createSocket(isIPv6(target.host) ? 'udp6' : 'udp4');
  const secret = Buffer.from(target.secret);
  const bytes = PacketBuilder.request(Code.StatusServer, randomInt(256)).addMessageAuthenticator().seal(secret);
  const request = packetOf(bytes);
  return new Promise((resolve) => {
    const end = (alive: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(alive);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    socket.on('error', () => end(false));
    socket.on('message', (datagram) => {
      const reply = packetOf(datagram);
      if (request && reply && verifyReply(reply, request, secret) === 'valid') end(true);
    });
    socket.bind(0, target.from, () => socket.send(bytes, target.port, target.host, (error) => error && end(false)));
  });
}

function packetOf(bytes: Buffer): Packet | undefined {
  const decoded = decodePacket(bytes);
  return decoded.kind === 'packet' ? decoded.packet : undefined;
}
