import type { Client } from 'pg';
import type { Nas } from '../../../../radius/accounting/nas';

/** A router and the subscription whose sessions it reports; each history of a round has one of its own. */
export interface Cast {
  nas: Nas;
  username: string;
  subscriptionId: string;
}

/** Routers and subscriptions for one round; later rounds use them again. */
export async function assemble(owner: Client, size: number): Promise<Cast[]> {
  const one = async (sql: string, values: unknown[]): Promise<string> => {
    const { rows } = await owner.query<{ id: string }>(sql, values);
    return rows[0]?.id ?? '';
  };
  // Every listener has spoken and holds nothing back, so that ghosts may be swept.
  await owner.query(
    `INSERT INTO accounting_spool (instance, host, pending_packets, beat_at, drained_at) VALUES ('history', 'history', 0, clock_timestamp() + interval '12 hours', now() - interval '10 days')`,
  );
  const tenantId = await one(
    `INSERT INTO tenant (name, slug, status) VALUES ('Histories', 'histories', 'approved') RETURNING id`,
    [],
  );
  const subscriber = await one(
    `INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, 'Zawadi', '+254700000009') RETURNING id`,
    [tenantId],
  );
  const plan = await one(`INSERT INTO plan (tenant_id, name, kind) VALUES ($1, 'Any', 'pppoe') RETURNING id`, [
    tenantId,
  ]);
  const version = await one(
    `INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps, simultaneous_use)
     VALUES ($1, $2, 1, 100, 'KES', 1, 'month', 1000, 1000, 1000) RETURNING id`,
    [tenantId, plan],
  );
  const cast: Cast[] = [];
  for (let i = 0; i < size; i++) {
    const username = `history-${i}`;
    const address = `10.${i >> 8}.${i & 255}.1`;
    const subscriptionId = await one(
      `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no)
       VALUES ($1, $2, $3, $4, 'active', now() - interval '3 days', now() + interval '300 days', 1) RETURNING id`,
      [tenantId, subscriber, version, username],
    );
    const id = await one(
      `INSERT INTO nas (tenant_id, nasname, shortname, name, secret, type) VALUES ($1, $2, $3::text, $3::text, 'history-secret', 'other') RETURNING id`,
      [tenantId, address, username],
    );
    cast.push({
      nas: { id, tenantId, name: username, address, secret: Buffer.from('history-secret'), type: 'other' },
      username,
      subscriptionId,
    });
  }
  return cast;
}
