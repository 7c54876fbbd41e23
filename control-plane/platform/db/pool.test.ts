import { createServer, type AddressInfo, type Server } from 'node:net';
import { ownerSession } from './owner';
import { createPool } from './pool';

/** Greets like a Postgres that asks for no password, and breaks the connection at the first thing that is asked. */
function breakingPostgres(): Promise<Server> {
  const greeting = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(greeting);
      socket.on('data', () => setTimeout(() => socket.destroy(), 20));
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

test('a database killed while a connection is lent out fails what was asked, and does not end the process', async () => {
  const server = await breakingPostgres();
  const pool = createPool(`postgresql://a@127.0.0.1:${(server.address() as AddressInfo).port}/a`, 'jobs');
  const client = await pool.connect();
  await expect(client.query('SELECT 1')).rejects.toThrow('terminated unexpectedly');
  // Unheard, the connection's own event would have been thrown by now.
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.release(true);
  await pool.end();
  server.close();
});

test('a database killed in the middle of a command of the owner fails the command, which can still tidy up', async () => {
  const server = await breakingPostgres();
  const url = `postgresql://a@127.0.0.1:${(server.address() as AddressInfo).port}/a`;
  const asked = ownerSession(url, 'test', (client) => client.query('SELECT 1'));
  await expect(asked).rejects.toThrow('terminated unexpectedly');
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.close();
});
