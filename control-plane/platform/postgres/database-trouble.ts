import { Client, DatabaseError } from 'pg';

/** The oldest Postgres whose features the migrations use (UNIQUE NULLS NOT DISTINCT, security_invoker views). */
const oldestVersion = 15;

/** Whether nobody answers at this URL now, or the server is only coming up: what time may cure. */
export async function databaseIsAway(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 8000, application_name: 'lango-check' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return false;
  } catch (error) {
    const code = (error as { code?: string }).code;
    return !(error instanceof DatabaseError) || code === '57P03' || code === '57P01';
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** One sentence with the remedy when DATABASE_URL cannot serve Lango, else undefined. Changes nothing in the database. */
export async function databaseTrouble(url: string): Promise<string | undefined> {
  let client: Client;
  try {
    client = new Client({ connectionString: url, connectionTimeoutMillis: 8000, application_name: 'lango-check' });
  } catch {
    return 'DATABASE_URL is not a URL of a Postgres database. It looks like postgresql://user:password@host:5432/database.';
  }
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await rightsTrouble(client);
  } catch (error) {
    return sentence(error, new URL(url));
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function rightsTrouble(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{
    version: number;
    roles: boolean;
    make: boolean;
    name: string;
    database: string;
    replica: boolean;
  }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS version, rolsuper OR rolcreaterole AS roles, pg_is_in_recovery() AS replica,
            has_database_privilege(current_database(), 'CREATE') AND has_schema_privilege('public', 'CREATE') AS make,
            current_user AS name, current_database() AS database
       FROM pg_roles WHERE rolname = current_user`,
  );
  const found = rows[0];
  if (!found) return undefined;
  if (found.version < oldestVersion)
    return `DATABASE_URL leads to Postgres ${found.version}. Lango needs ${oldestVersion} or newer.`;
  if (found.replica) return 'DATABASE_URL leads to a read-only replica. Name the primary server instead.';
  if (!found.roles)
    return `The database user ${found.name} may not create roles. Allow it with: ALTER ROLE "${found.name}" CREATEROLE;`;
  if (!found.make) {
    return `The database user ${found.name} may not create tables in ${found.database}. Make it the owner: ALTER DATABASE "${found.database}" OWNER TO "${found.name}";`;
  }
  return undefined;
}

function sentence(error: unknown, url: URL): string {
  const place = `${url.hostname}:${url.port || '5432'}`;
  const database = decodeURIComponent(url.pathname.slice(1));
  const code = (error as { code?: string }).code;
  if (error instanceof DatabaseError || (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code))) {
    if (code === '28P01')
      return `The Postgres at ${place} refuses the password of user ${url.username}. Correct DATABASE_URL.`;
    if (code === '28000')
      return `The Postgres at ${place} refuses user ${url.username} from here. Allow it in pg_hba.conf or correct DATABASE_URL.`;
    if (code === '42501')
      return `The database user ${url.username} may not enter ${database}. Make it the owner: ALTER DATABASE "${database}" OWNER TO "${url.username}";`;
    if (code === '3D000')
      return `The Postgres at ${place} has no database ${database}. Create it with: CREATE DATABASE "${database}";`;
    if (code === '53300')
      return `The Postgres at ${place} has no connection left. Raise max_connections or end some clients.`;
    if (code === '57P03') return `The Postgres at ${place} is still starting. Try again in a moment.`;
  }
  if (code === 'ECONNREFUSED')
    return `No Postgres answers at ${place}. Start it, or correct host and port in DATABASE_URL.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `The host ${url.hostname} of DATABASE_URL is not known. Correct the name or the DNS.`;
  const message = error instanceof Error ? error.message : String(error);
  if (/timeout/i.test(message))
    return `The Postgres at ${place} did not answer within 8 s. Check the firewall and DATABASE_URL.`;
  return `DATABASE_URL does not work: ${message.replace(/\.$/, '')}. Correct it and start again.`;
}
