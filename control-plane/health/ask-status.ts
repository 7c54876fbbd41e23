import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { randomInt } from 'node:crypto';
import { Code, PacketBuilder } from '../../radius/packet';

/** Where a RADIUS server of ours answers Status-Server, and the shared secret of the address we ask from. */
export interface StatusTarget {
  host: string;
  port: number;
  secret: string;
  /** Local address to ask from, where the server knows that one alone. */
  from?: string;
}

/**
 * Asks a RADIUS server whether it lives (Status-Server, RFC 5997). Any answer to our identifier counts: a server that does not know the
 * secret stays silent.
 */
export function askStatus(target: StatusTarget, timeoutMs = 1_000): Promise<boolean> {
  const socket = createSocket(isIPv6(target.host) ? 'udp6' : 'udp4');
  const identifier = randomInt(256);
  const request = PacketBuilder.request(Code.StatusServer, identifier).addMessageAuthenticator().seal(Buffer.from(target.secret));
  return new Promise((resolve) => {
    const end = (alive: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(alive);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    socket.on('error', () => end(false));
    socket.on('message', (answer) => {
      if (answer.length >= 20 && answer[1] === identifier) end(true);
    });
    const send = (): void => socket.send(request, target.port, target.host);
    if (target.from === undefined) send();
    else socket.bind({ address: target.from, port: 0 }, send);
  });
}
