import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createSecretBox } from '../crypto';
import { createLog } from '../log';
import { ownerSession } from './owner';
import { createPool } from './pool';
import { createDatabase } from './prisma';

/** An ErrorResponse (PostgreSQL documentation 55.7): severity, SQLSTATE and message, each ended by a zero. */
function fatal(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.from([0x45, 0, 0, 0, 0]);
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

/** Greets like a Postgres that asks for no password, and breaks the connection at the first thing that is asked. */
function breakingPostgres(alongWithGreeting: Buffer = Buffer.alloc(0)): Promise<Server> {
  const greeting = Buffer.concat([
    Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]),
    alongWithGreeting,
  ]);
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

test('a connection of the web that is ended as soon as it is open fails what was asked, and does not end the process', async () => {
  const server = await breakingPostgres(fatal('57P01', 'terminating connection due to administrator command'));
  const url = `postgresql://a@127.0.0.1:${(server.address() as AddressInfo).port}/a`;
  const database = createDatabase(url, createSecretBox(randomBytes(32)), createLog('test', 'silent'));
  await expect(database.outside.$transaction((tx) => tx.$queryRaw`SELECT 1`)).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await database.close();
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
