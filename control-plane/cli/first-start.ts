import { randomBytes } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import type { Client } from 'pg';
import type { Config } from '../platform/config';

export type FirstStart =
  { kind: 'done_before' } | { kind: 'made'; email: string; password: string; generated: boolean };

/**
 * On an empty database makes one approved company and one person who is super admin and its ISP admin.
 * Several starts at once make them once. `client` is the owner's.
 */
export async function firstStart(client: Client, config: Config): Promise<FirstStart> {
  const generated = config.adminPassword === undefined;
  const password = config.adminPassword ?? newPassword();
  const email = config.adminEmail.toLowerCase();
  const passwordHash = await hash(password);
  await client.query('BEGIN');
  try {
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('lango first start'))`);
    const { rows } = await client.query<{ made: boolean }>(
      'SELECT EXISTS (SELECT FROM tenant WHERE NOT is_demo) AS made',
    );
    if (rows[0]?.made) {
      await client.query('COMMIT');
      return { kind: 'done_before' };
    }
    await client.query(
      `WITH company AS (
         INSERT INTO tenant (name, slug, status, timezone, approved_at) VALUES ('My ISP', 'my-isp', 'approved', $1, lango_now()) RETURNING id),
       person AS (
         INSERT INTO staff (tenant_id, role_id, email, name, password_hash, is_super_admin)
         SELECT company.id, r.id, $2, 'Administrator', $3, true FROM company, staff_role r WHERE r.tenant_id IS NULL AND r.key = 'super_admin'
         RETURNING id, tenant_id)
       INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id)
       SELECT tenant_id, 'system', 'first start', 'staff.create', 'staff', id::text FROM person`,
      [config.timezone, email, passwordHash],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
  return { kind: 'made', email, password, generated };
}

/** Four groups of five letters and digits without look-alikes: about 98 bits, and readable aloud. */
export function newPassword(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  const picked = Array.from({ length: 20 }, () => letters[unbiased(letters.length)]);
  return [0, 5, 10, 15].map((i) => picked.slice(i, i + 5).join('')).join('-');
}

function unbiased(below: number): number {
  const ceiling = 256 - (256 % below);
  for (;;) {
    const byte = randomBytes(1)[0] ?? 255;
    if (byte < ceiling) return byte % below;
  }
}
