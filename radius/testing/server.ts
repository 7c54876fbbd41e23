import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { decodePacket, type Packet } from '../packet';

/** Answers a packet with octets, or with nothing for silence. */
export type Answer = (packet: Packet, from: RemoteInfo) => Buffer | undefined;

/** A tiny RADIUS server for tests: every well-formed datagram goes to `answer`. */
export class TestServer {
  private constructor(
    private readonly socket: Socket,
    readonly host: string,
  ) {}

  /** Listens on a free port of the address, by default 127.0.0.1. */
  static async listen(answer: Answer, host = '127.0.0.1'): Promise<TestServer> {
    const socket = createSocket('udp4');
    socket.on('message', (message, from) => {
      const decoded = decodePacket(message);
      const reply = decoded.kind === 'packet' ? answer(decoded.packet, from) : undefined;
      if (reply !== undefined) socket.send(reply, from.port, from.address);
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, host, resolve);
    });
    return new TestServer(socket, host);
  }

  get port(): number {
    return this.socket.address().port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()));
  }
}
