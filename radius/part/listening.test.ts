import { createServer, type AddressInfo } from 'node:net';
import { listenOn } from './listening';

test('a server that cannot listen says so; one that listens goes on after a fault of its socket', async () => {
  const told: string[] = [];
  const server = createServer();
  await listenOn(server, { port: 0, host: '127.0.0.1' }, (error) => told.push(error.message));
  const { port } = server.address() as AddressInfo;
  await expect(listenOn(createServer(), { port, host: '127.0.0.1' }, () => undefined)).rejects.toThrow('EADDRINUSE');
  // What Node does when the system has no file handle left for one who comes.
  server.emit('error', new Error('accept EMFILE'));
  server.emit('error', new Error('accept ENFILE'));
  expect(told).toEqual(['accept EMFILE', 'accept ENFILE']);
  expect(server.listening).toBe(true);
  server.close();
});
