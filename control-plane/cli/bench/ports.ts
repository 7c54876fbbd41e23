import { createSocket } from 'node:dgram';

/** As many UDP ports on loopback that nobody holds right now. */
export async function freeUdpPorts(count: number): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'));
  const ports = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<number>((resolve, reject) => {
          socket.once('error', reject);
          socket.bind(0, '127.0.0.1', () => resolve(socket.address().port));
        }),
    ),
  );
  for (const socket of sockets) socket.close();
  return ports;
}
