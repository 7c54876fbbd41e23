import { createHash, randomBytes } from 'node:crypto';
import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { ownerTransaction } from '../platform/db/owner';

/** A read-only login of the database for one company's own FreeRADIUS (docs/reference/standard-tables.md). */
export interface TenantReader {
  role: string;
  company: string;
  slug: string;
  created_at: Date;
  renewed_at: Date;
}

export type MadeReader =
  /** The password is shown now and kept nowhere. `renewed`: it was there before, and its old password is void. */
  | { kind: 'made'; role: string; password: string; company: string; renewed: boolean }
  | { kind: 'no_company'; known: string[] };

export type RemovedReader =
  { kind: 'removed'; role: string } | { kind: 'none' } | { kind: 'no_company'; known: string[] };

interface Company {
  id: string;
  slug: string;
  name: string;
}

/** Connections that one reader may hold: a FreeRADIUS opens as many as it has threads. */
const CONNECTIONS = 32;

/**
 * Makes the reader of a company (by slug or id), or gives an existing one a new password. It may only read, and the tables show it that company
 * alone. Roles belong to the whole server, so the name carries a hash of the database's name.
 */
export function makeTenantReader(ownerUrl: string, company: string): Promise<MadeReader> {
  return ownerTransaction(ownerUrl, 'lango-setup', async (client) => {
    const found = await findCompany(client, company);
    if ('known' in found) return { kind: 'no_company', known: found.known };
    const { database, role } = await names(client, found.id);
    const password = randomBytes(24).toString('base64url');
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    const renewed = rowCount === 1;
    const name = escapeIdentifier(role);
    await client.query(
      `${renewed ? 'ALTER' : 'CREATE'} ROLE ${name} LOGIN CONNECTION LIMIT ${CONNECTIONS} PASSWORD ${escapeLiteral(password)}`,
    );
    // It could not write anyway; a tool that tries is told so at once, and none of its questions runs for ever.
    await client.query(`ALTER ROLE ${name} SET default_transaction_read_only = on`);
    await client.query(`ALTER ROLE ${name} SET statement_timeout = '10s'`);
    await client.query(`GRANT lango_reader TO ${name}`);
    await client.query(`GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO ${name}`);
    await client.query(
      `INSERT INTO tenant_reader (role_name, tenant_id) VALUES ($1, $2) ON CONFLICT (role_name) DO UPDATE SET renewed_at = now()`,
      [role, found.id],
    );
    await note(client, found, renewed ? 'tenants.renew_reader' : 'tenants.make_reader', role);
    return { kind: 'made', role, password, company: found.name, renewed };
  });
}

/** Takes a company's reader away; its open connections end. */
export function removeTenantReader(ownerUrl: string, company: string): Promise<RemovedReader> {
  return ownerTransaction(ownerUrl, 'lango-setup', async (client) => {
    const found = await findCompany(client, company);
    if ('known' in found) return { kind: 'no_company', known: found.known };
    const { rows } = await client.query<{ role: string }>(
      'DELETE FROM tenant_reader WHERE tenant_id = $1 RETURNING role_name AS role',
      [found.id],
    );
    if (!rows[0]) return { kind: 'none' };
    const { role } = rows[0];
    const { database } = await names(client, found.id);
    await client.query(`REVOKE CONNECT ON DATABASE ${escapeIdentifier(database)} FROM ${escapeIdentifier(role)}`);
    await client.query(`ALTER ROLE ${escapeIdentifier(role)} NOLOGIN`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [role]);
    await client.query(`DROP ROLE ${escapeIdentifier(role)}`);
    await note(client, found, 'tenants.remove_reader', role);
    return { kind: 'removed', role };
  });
}

/** The readers there are. */
export function listTenantReaders(ownerUrl: string): Promise<TenantReader[]> {
  return ownerTransaction(ownerUrl, 'lango-setup', async (client) => {
    const { rows } = await client.query<TenantReader>(
      `SELECT r.role_name AS role, t.name AS company, t.slug, r.created_at, r.renewed_at FROM tenant_reader r JOIN tenant t ON t.id = r.tenant_id ORDER BY t.slug`,
    );
    return rows;
  });
}

async function findCompany(client: Client, wanted: string): Promise<Company | { known: string[] }> {
  const { rows } = await client.query<Company>('SELECT id, slug, name FROM tenant ORDER BY is_demo, id');
  return rows.find(({ id, slug }) => slug === wanted || id === wanted) ?? { known: rows.map(({ slug }) => slug) };
}

async function names(client: Client, tenantId: string): Promise<{ database: string; role: string }> {
  const { rows } = await client.query<{ database: string }>('SELECT current_database() AS database');
  const database = rows[0]?.database ?? '';
  const tag = createHash('sha256').update(database).digest('hex').slice(0, 8);
  return { database, role: `lango_${tag}_reader_${tenantId}` };
}

async function note(client: Client, company: Company, action: string, role: string): Promise<void> {
  await client.query(
    `INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail) VALUES ($1::bigint, 'system', 'lango tenant-reader', $2, 'tenant', $1::text, $3)`,
    [company.id, action, JSON.stringify({ role })],
  );
}
