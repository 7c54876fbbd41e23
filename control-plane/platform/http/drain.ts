import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Prepares a server for ending without cutting anybody off: the function given back takes no new connections, closes those without a running
 * request at once (also those that browsers open ahead and never used, which Node does not count as idle), lets running requests end, and
 * closes what is left after `limitMs`.
 */
export function drainable(server: Server, limitMs: number): () => Promise<void> {
  const open = new Map<Socket, number>();
  let draining = false;
  const closeIfFree = (socket: Socket): void => {
    if (draining && (open.get(socket) ?? 0) === 0) socket.destroy();
  };
  server.on('connection', (socket) => {
    open.set(socket, 0);
    socket.on('close', () => open.delete(socket));
  });
  server.on('request', (req, res) => {
    const { socket } = req;
    open.set(socket, (open.get(socket) ?? 0) + 1);
    res.on('close', () => {
      if (open.has(socket)) open.set(socket, (open.get(socket) ?? 1) - 1);
      // The last bytes of the answer are still on their way out.
      setImmediate(closeIfFree, socket);
    });
  });
  return () =>
    new Promise((resolve) => {
      draining = true;
      const force = setTimeout(() => server.closeAllConnections(), limitMs);
      server.close(() => {
        clearTimeout(force);
        resolve();
      });
      for (const socket of open.keys()) closeIfFree(socket);
    });
}
