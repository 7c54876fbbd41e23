import type { Client } from 'pg';
import { ownerTransaction } from '../platform/db/owner';
import { newPasswordField, emailField, hashPassword } from '../staff';

export interface Company {
  name: string;
  /** IANA zone. */
  timezone: string;
  currency?: string;
  isDemo?: boolean;
  /** The first person: ISP admin of this company, and super admin of the installation when `superAdmin` is set. */
  admin: { email: string; name: string; password: string; superAdmin?: boolean };
}

/** Ids of what was made. */
export interface CreatedCompany {
  tenantId: bigint;
  staffId: bigint;
}

/**
 * Makes an approved company and its first administrator in one transaction. It takes the owner's connection: no role of the running program
 * may create companies.
 * @throws when the e-mail is taken (it signs in, so it is unique over all companies) or malformed, or the password shorter than 8
 */
export async function createCompany(ownerUrl: string, company: Company): Promise<CreatedCompany> {
  return ownerTransaction(ownerUrl, 'lango-setup', (client) => insertCompany(client, company));
}

/**
 * Makes the first company of an installation unless there is one already (demo companies do not count). Safe to call at every start, also by
 * several processes at once.
 * @returns created: whether it was made now, so that the password is worth printing
 */
export async function createFirstCompany(
  ownerUrl: string,
  first: { name: string; email: string; password: string; timezone: string },
): Promise<{ created: boolean }> {
  return ownerTransaction(ownerUrl, 'lango-setup', async (client) => {
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', ['lango first company']);
    const { rowCount } = await client.query('SELECT 1 FROM tenant WHERE NOT is_demo LIMIT 1');
    if (rowCount) return { created: false };
    const admin = { email: first.email, name: 'Administrator', password: first.password, superAdmin: true };
    await insertCompany(client, { name: first.name, timezone: first.timezone, admin });
    return { created: true };
  });
}

/** Whether the installation has a company of its own already: a first start must know before it thinks up a password. */
export async function hasCompany(ownerUrl: string): Promise<boolean> {
  return ownerTransaction(ownerUrl, 'lango-setup', async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM tenant WHERE NOT is_demo LIMIT 1');
    return (rowCount ?? 0) > 0;
  });
}

async function insertCompany(client: Client, company: Company): Promise<CreatedCompany> {
  const email = emailField.parse(company.admin.email);
  const passwordHash = await hashPassword(newPasswordField.parse(company.admin.password));
  const tenant = await client.query<{ id: string }>(
    `INSERT INTO tenant (name, slug, status, timezone, currency, is_demo, approved_at) VALUES ($1, $2, 'approved', $3, $4, $5, lango_now()) RETURNING id`,
    [
      company.name,
      await freeSlug(client, company.name),
      company.timezone,
      company.currency ?? 'KES',
      company.isDemo ?? false,
    ],
  );
  const tenantId = tenant.rows[0]?.id;
  const staff = await client.query<{ id: string }>(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash, is_super_admin)
     SELECT $1, r.id, $2, $3, $4, $5 FROM staff_role r WHERE r.tenant_id IS NULL AND r.key = 'isp_admin' RETURNING id`,
    [tenantId, email, company.admin.name, passwordHash, company.admin.superAdmin ?? false],
  );
  const staffId = staff.rows[0]?.id;
  if (tenantId === undefined || staffId === undefined)
    throw new Error('The roles that every company has are missing. Run the migrations.');
  await client.query(
    `INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id, detail)
     VALUES ($1::bigint, 'system', 'installation', 'tenants.create', 'tenant', $1::text, $2)`,
    [tenantId, JSON.stringify({ name: company.name, admin: email })],
  );
  return { tenantId: BigInt(tenantId), staffId: BigInt(staffId) };
}

async function freeSlug(client: Client, name: string): Promise<string> {
  const stem =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 50) || 'isp';
  const { rows } = await client.query<{ slug: string }>('SELECT slug FROM tenant WHERE slug = $1 OR slug LIKE $2', [
    stem,
    `${stem}-%`,
  ]);
  const taken = new Set(rows.map((row) => row.slug));
  let slug = stem;
  for (let n = 2; taken.has(slug); n += 1) slug = `${stem}-${n}`;
  return slug;
}
