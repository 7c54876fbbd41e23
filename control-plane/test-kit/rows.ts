import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';

/** Rows written past every command, for tests of what stands below the commands: SQL functions, the listener, the enforcer, FreeRADIUS. */

/** First column of the row that a statement gives back. */
async function idOf(owner: Client, sql: string, values: unknown[]): Promise<string> {
  const { rows } = await owner.query<{ id: string }>(sql, values);
  if (!rows[0]) throw new Error(`nothing came of ${sql}`);
  return rows[0].id;
}

/** An approved company. Gives its id. */
export function insertCompany(owner: Client, name: string): Promise<string> {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return idOf(owner, `INSERT INTO tenant (name, slug, status) VALUES ($1, $2, 'approved') RETURNING id`, [name, slug]);
}

export interface RouterRow {
  address: string;
  name?: string | undefined;
  secret?: string | undefined;
  type?: 'mikrotik' | 'other' | undefined;
  coaPort?: number | undefined;
  policy?: 'require' | 'auto' | 'off' | undefined;
}

/** A router: a MikroTik with `router-secret` unless said otherwise. Gives its id. */
export function insertRouter(owner: Client, tenantId: string, o: RouterRow): Promise<string> {
  return idOf(
    owner,
    `INSERT INTO nas (tenant_id, nasname, shortname, name, secret, type, coa_port, message_authenticator)
     VALUES ($1, $2, 'r', $3, $4, $5, $6, $7) RETURNING id`,
    [
      tenantId,
      o.address,
      o.name ?? `router ${o.address}`,
      o.secret ?? 'router-secret',
      o.type ?? 'mikrotik',
      o.coaPort ?? 3799,
      o.policy ?? 'auto',
    ],
  );
}

export interface SubscriptionRow {
  username: string;
  status?: 'pending' | 'active' | 'suspended' | 'paused' | 'ended' | undefined;
  /** On Lango's clock; a day each unless said otherwise. A pending one has neither. */
  startedAgo_s?: number | undefined;
  expiresIn_s?: number | undefined;
  topupBytes?: number | undefined;
  macLock?: string | undefined;
  staticIp?: string | undefined;
  /** Without it there is no RADIUS password. */
  password?: string | undefined;
  /** Used in the running cycle; without it the cycle has no row yet. */
  usedBytes?: number | undefined;
  /** Columns of the plan version, over a 10/5 Mbit/s one of 30 days without a cap. */
  plan?: Record<string, unknown> | undefined;
}

const usualPlan = {
  price_cents: 100_000,
  currency: 'KES',
  validity_count: 30,
  validity_unit: 'day',
  down_kbps: 10_000,
  up_kbps: 5_000,
};

/** A voucher of a batch of one, on a new plan. Gives its code. */
export async function insertVoucher(owner: Client, tenantId: string, plan?: Record<string, unknown>): Promise<string> {
  const versionId = await insertPlan(owner, tenantId, { ...usualPlan, ...plan });
  const code = `V${String((vouchers += 1)).padStart(3, '0')}${randomBytes(4).toString('hex').toUpperCase()}`;
  await owner.query(
    `WITH b AS (INSERT INTO voucher_batch (tenant_id, plan_version_id, count, code_length) VALUES ($1, $2, 1, 12) RETURNING id)
     INSERT INTO voucher (tenant_id, code, batch_id) SELECT $1, $3, id FROM b`,
    [tenantId, versionId, code],
  );
  return code;
}

let vouchers = 0;

/** A subscription of a new subscriber on a new plan. Gives its id. */
export async function insertSubscription(owner: Client, tenantId: string, o: SubscriptionRow): Promise<string> {
  const plan: Record<string, unknown> = { ...usualPlan, ...o.plan };
  const versionId = await insertPlan(owner, tenantId, plan);
  const subscriberId = await idOf(
    owner,
    `INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, 'Wanjiku', '+254700000001') RETURNING id`,
    [tenantId],
  );
  const pending = o.status === 'pending';
  const id = await idOf(
    owner,
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, cycle_no, starts_at, expires_at, quota_bytes, topup_bytes, mac_lock, static_ip)
     VALUES ($1, $2, $3, $4, $5, 1, CASE WHEN NOT $6 THEN lango_now() - make_interval(secs => $7) END,
             CASE WHEN NOT $6 THEN lango_now() + make_interval(secs => $8) END, $9, $10, $11, $12) RETURNING id`,
    [
      tenantId,
      subscriberId,
      versionId,
      o.username,
      o.status === 'ended' ? 'active' : (o.status ?? 'active'),
      pending,
      o.startedAgo_s ?? 86_400,
      o.expiresIn_s ?? 86_400,
      plan['quota_bytes'] ?? null,
      o.topupBytes ?? 0,
      o.macLock ?? null,
      o.staticIp ?? null,
    ],
  );
  if (o.password !== undefined)
    await owner.query(
      `INSERT INTO radcheck (tenant_id, username, attribute, op, value) VALUES ($1, $2, 'Cleartext-Password', ':=', $3)`,
      [tenantId, o.username, o.password],
    );
  if (o.usedBytes !== undefined)
    await owner.query(
      `INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at, output_bytes) VALUES ($1, 1, $2, lango_now(), $3)`,
      [id, tenantId, o.usedBytes],
    );
  // Nothing is born ended.
  if (o.status === 'ended') await owner.query(`UPDATE subscription SET status = 'ended' WHERE id = $1`, [id]);
  return id;
}

let plans = 0;

/** A version of a plan of its own, by the columns that differ from the usual one. Gives its id. */
export function insertVersion(owner: Client, tenantId: string, columns: Record<string, unknown> = {}): Promise<string> {
  return insertPlan(owner, tenantId, { ...usualPlan, ...columns });
}

async function insertPlan(owner: Client, tenantId: string, columns: Record<string, unknown>): Promise<string> {
  const named = [tenantId, `Plan ${(plans += 1)}`];
  const planId = await idOf(
    owner,
    `INSERT INTO plan (tenant_id, name, kind) VALUES ($1, $2, 'pppoe') RETURNING id`,
    named,
  );
  const names = Object.keys(columns);
  return idOf(
    owner,
    `INSERT INTO plan_version (tenant_id, plan_id, version, ${names.join(', ')})
     VALUES ($1, $2, 1, ${names.map((_, i) => `$${i + 3}`).join(', ')}) RETURNING id`,
    [tenantId, planId, ...Object.values(columns)],
  );
}
