import { Client } from 'pg';

/**
 * Gives `work` one connection of the database's owner, whom row-level security does not bind, and closes it whatever becomes of the work.
 * @param name of the connection in pg_stat_activity
 */
export async function ownerSession<T>(
  ownerUrl: string,
  name: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: ownerUrl, application_name: name });
  // A server that goes away fails the query in hand. Unheard, it would end the process as well, before anything is tidied up.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    // An open transaction is rolled back by closing its connection.
    await client.end();
  }
}

/** One transaction on a connection of the owner. */
export async function ownerTransaction<T>(
  ownerUrl: string,
  name: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return ownerSession(ownerUrl, name, async (client) => {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  });
}
