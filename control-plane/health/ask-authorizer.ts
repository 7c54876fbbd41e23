import { dirname, extname } from 'node:path';
import { Client, DatabaseError } from 'pg';

const WAIT_MS = 1500;

/**
 * Asks, as FreeRADIUS does, by the authorizer's socket (libpq finds it by `<folder>/.s.PGSQL.<port>`). While it does not answer FreeRADIUS lives on
 * its snapshot and nobody would notice.
 */
export async function askAuthorizer(socket: string): Promise<string> {
  const client = new Client({
    host: dirname(socket),
    port: Number(extname(socket).slice(1)),
    user: 'health',
    database: 'lango',
    connectionTimeoutMillis: WAIT_MS,
    query_timeout: WAIT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT aaa_ready()');
    return 'ok';
  } catch (error) {
    return error instanceof DatabaseError ? 'gets no answer from Postgres' : 'not answering';
  } finally {
    void client.end().catch(() => undefined);
  }
}
