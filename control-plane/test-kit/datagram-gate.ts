import { createSocket, type Socket } from 'node:dgram';

/** Stands between a part and a UDP server: lets datagrams through, or keeps the answers until it is opened, so that requests are certainly in hand. */
export interface DatagramGate {
  port: number;
  /** Requests that came while it was shut, each counted once however often it was sent again. */
  inHand(): number;
  /** Keeps what comes: of the requests every second one, the others go on to the server; all of the answers. */
  shut(): void;
  /** Lets go what was kept. */
  open(): void;
  close(): void;
}

/** A gate before a server on 127.0.0.1. The server sees each sender's own address, with another port. */
export async function openGate(serverPort: number): Promise<DatagramGate> {
  const front = createSocket('udp4');
  const behind = new Map<string, Promise<Socket>>();
  const inHand = new Set<string>();
  let kept: (() => void)[] | undefined;
  const orKeep = (pass: () => void): void => void (kept ? kept.push(pass) : pass());
  const way = (address: string, port: number): Promise<Socket> => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    socket.on('message', (answer) => orKeep(() => front.send(answer, port, address, () => undefined)));
    return new Promise((resolve) => socket.bind(0, address, () => resolve(socket)));
  };
  front.on('message', (datagram, { address, port }) => {
    const key = `${address} ${port}`;
    const socket = behind.get(key) ?? way(address, port);
    behind.set(key, socket);
    const pass = (): void => void socket.then((open) => open.send(datagram, serverPort, '127.0.0.1', () => undefined));
    if (!kept) return pass();
    const known = inHand.size;
    if (inHand.add(datagram.toString('latin1')).size === known) return;
    if (known % 2 === 0) kept.push(pass);
    else pass();
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  return {
    port: front.address().port,
    inHand: () => inHand.size,
    shut() {
      inHand.clear();
      kept ??= [];
    },
    open() {
      const passes = kept ?? [];
      kept = undefined;
      for (const pass of passes) pass();
    },
    close() {
      front.close();
      for (const socket of behind.values()) void socket.then((open) => open.close());
    },
  };
}
