import type { ListenOptions, Server } from 'node:net';

/**
 * Listens, and rejects when it cannot. What befalls the listening socket later (no file handle is left for one who comes) goes to `trouble`: unheard, it
 * would end the process and with it everybody who is connected.
 */
export function listenOn(server: Server, where: ListenOptions, trouble: (error: Error) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      server.on('error', trouble);
      resolve();
    });
  });
}
