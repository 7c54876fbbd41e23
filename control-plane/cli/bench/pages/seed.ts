import type { Client } from 'pg';
import { traces } from './seed-traces';

export interface PagesSize {
  /** Subscribers, each with one subscription. */
  subscribers: number;
  /** Closed sessions over two years, on the addresses of the pools. */
  sessions: number;
}

/** Names as they are common in Kenya, so that a search finds some hundreds and not one. */
const first = `ARRAY['Grace','Peter','Mercy','John','Mary','Brian','Faith','Kevin','Joyce','Daniel','Esther','Samuel','Lucy','Joseph','Ann','Dennis','Zawadi','James','Lilian','Victor','Agnes','Charles','Irene','Paul','Ruth','Simon','Jane','Collins','Caroline','George']`;
const last = `ARRAY['Wanjiru','Otieno','Mwangi','Kamau','Achieng','Odhiambo','Njeri','Kiprotich','Mutua','Wambui','Ochieng','Kariuki','Chebet','Maina','Akinyi','Kimani','Nyambura','Koech','Muthoni','Owuor','Karanja','Wafula','Mbugua','Jepkosgei','Ouma','Ndung''u','Barasa','Cherono','Githinji','Waweru']`;

/**
 * Fills one company (the first tenant, made when there is none) with that many people, their services in every state, three payments each, a tenth of them online
 * on fifty routers, and a history of closed sessions over 24 months. Rows are written straight: nothing is measured here.
 */
export async function seedPages(db: Client, size: PagesSize, progress: (line: string) => void): Promise<void> {
  for (const [what, sql] of [...steps(size), ...traces(size)]) {
    const began = performance.now();
    await db.query(sql);
    progress(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  for (let month = 24; month >= 0; month -= 1) {
    const began = performance.now();
    await db.query(monthOfSessions(size, month));
    progress(`sessions of ${month} months ago: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  }
  await db.query('VACUUM ANALYZE');
}

function steps({ subscribers }: PagesSize): [string, string][] {
  const tenant = `(SELECT min(id) FROM tenant)`;
  return [
    [
      'company',
      `INSERT INTO tenant (name, slug, status, timezone) SELECT 'Bench', 'bench', 'approved', 'Africa/Nairobi' WHERE NOT EXISTS (SELECT FROM tenant)`,
    ],
    [
      'routers',
      `WITH n AS (INSERT INTO nas (tenant_id, name, nasname, shortname, secret, type, created_at)
         SELECT ${tenant}, 'Tower ' || g, '10.77.0.' || g, 'tower' || g, 'bench-secret', 'mikrotik', now() - interval '800 days' FROM generate_series(1, 50) g RETURNING id, tenant_id)
       INSERT INTO nas_status (nas_id, tenant_id, last_accounting_at) SELECT id, tenant_id, now() FROM n`,
    ],
    [
      'plans',
      `WITH p AS (INSERT INTO plan (tenant_id, name, kind) SELECT ${tenant}, 'Home ' || g * 5, 'pppoe' FROM generate_series(1, 10) g RETURNING id)
       , v AS (INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps, quota_bytes, on_quota, throttle_down_kbps, throttle_up_kbps, grace_s)
         SELECT ${tenant}, id, 1, 150000, 'KES', 1, 'month', 10000, 5000, 200000000000, 'throttle', 1000, 1000, 86400 FROM p RETURNING id, plan_id)
       SELECT 1`,
    ],
    [
      'current versions',
      `UPDATE plan SET current_version_id = v.id FROM plan_version v WHERE v.plan_id = plan.id AND plan.current_version_id IS NULL`,
    ],
    [
      'subscribers',
      `INSERT INTO subscriber (tenant_id, name, phone, email, created_at)
       SELECT ${tenant}, (${first})[1 + i % 30] || ' ' || (${last})[1 + (i / 30) % 30] || CASE i % 3 WHEN 0 THEN ' ' || (${last})[1 + (i * 7) % 30] ELSE '' END,
              '+2547' || lpad(((i::bigint * 7919) % 100000000)::text, 8, '0'), CASE WHEN i % 2 = 0 THEN 'user' || i || '@example.net' END, now() - interval '730 days' * ((${subscribers} - i)::float8 / ${subscribers})
       FROM generate_series(1, ${subscribers}) i`,
    ],
    [
      'subscriptions',
      `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no, quota_bytes, suspended_reason, mac_lock)
       SELECT s.tenant_id, s.id, (SELECT min(id) FROM plan_version) + s.id % 10, lower(replace(split_part(s.name, ' ', 1), '''', '')) || '.' || s.id,
              CASE WHEN s.id % 100 = 0 THEN 'suspended' WHEN s.id % 500 = 1 THEN 'paused' WHEN s.id % 200 = 2 THEN 'pending' ELSE 'active' END,
              now() - interval '20 days', now() + make_interval(mins => ((s.id * 37) % 43200)::int - 8640), 1, 200000000000, CASE WHEN s.id % 100 = 0 THEN 'unpaid' END,
              CASE WHEN s.id % 5 = 0 THEN upper(regexp_replace(lpad(to_hex(s.id * 104729), 12, '4'), '(..)(?=.)', '\\1:', 'g')) END
       FROM subscriber s WHERE NOT s.is_guests`,
    ],
    [
      'usage',
      `INSERT INTO usage_cycle (tenant_id, subscription_id, cycle_no, started_at, input_bytes, output_bytes)
       SELECT tenant_id, id, 1, starts_at, 0, (id * 7919 % 210) * 1000000000 FROM subscription`,
    ],
    [
      'payments',
      `INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, amount_cents, currency, state, applied_cents, received_at)
       SELECT s.tenant_id, s.subscriber_id, s.id, (ARRAY['mpesa','mpesa','mpesa','cash','bank'])[1 + (s.id + m) % 5], 'S' || upper(substr(md5(s.id || 'x' || m), 1, 4)) || (s.id * 3 + m), 150000, 'KES', 'settled', 150000,
              now() - make_interval(days => m * 30, mins => ((s.id * 13) % 43200)::int)
       FROM subscription s, generate_series(0, 2) m ORDER BY m DESC, s.id DESC`,
    ],
    [
      'live sessions',
      `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, framed_ip, mac, started_at, updated_at, received_at, prev_updated_at, interim_s,
         session_time_s, prev_session_time_s, input_bytes, output_bytes, prev_input_bytes, prev_output_bytes, mode)
       SELECT s.tenant_id, (SELECT min(id) FROM nas) + s.id % 50, 'l' || s.id, s.id, s.username, '10.77.0.1', 'ppp', '100.64.0.0'::inet + s.id, upper(regexp_replace(lpad(to_hex(s.id * 104729), 12, '4'), '(..)(?=.)', '\\1:', 'g')),
              now() - make_interval(mins => (s.id % 5000)::int), now() - interval '20 seconds', now(), now() - interval '5 minutes', 300, 600, 300, 2000000, 90000000, 1000000, 50000000, 'full'
       FROM subscription s WHERE s.id % 10 = 3`,
    ],
    ['partitions', partitions()],
  ];
}

/** Months of the past have no partition yet: made as the daily job would have, over the two years. */
function partitions(): string {
  return `DO $$ DECLARE m date; part text; BEGIN
    FOR m IN SELECT generate_series(date_trunc('month', now()) - interval '25 months', date_trunc('month', now()), '1 month')::date LOOP
      part := 'session_closed_' || to_char(m, 'YYYYMM');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I PARTITION OF session_closed FOR VALUES FROM (%L) TO (%L)', part, m, (m + interval '1 month')::date);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
    END LOOP; END $$`;
}

/** A twenty-fifth of the history: each address of the pool goes from hand to hand, as on a hotspot; one in a hundred sessions lasts for days. */
function monthOfSessions({ sessions, subscribers }: PagesSize, month: number): string {
  const rows = Math.ceil(sessions / 25);
  return `INSERT INTO session_closed (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, framed_ip, mac, started_at, updated_at, received_at, stopped_at, closed_by,
      terminate_cause, session_time_s, input_bytes, output_bytes, first_seen_on)
    SELECT 1, (SELECT min(id) FROM nas) + i % 50, 'h${month}-' || i, s.id, s.username, '10.77.0.1', 'ppp', '10.20.0.0'::inet + (i % 20000), '48:A9:8A:00:00:01', at, at + span, at + span, at + span, 'stop',
           'User-Request', extract(epoch FROM span)::bigint, 40000000, 900000000, (at AT TIME ZONE 'UTC')::date
    FROM (SELECT i, now() - interval '1 day' - make_interval(days => ${month} * 29) - interval '29 days' * (1 - i::float8 / ${rows}) AS at, CASE WHEN i % 100 = 0 THEN interval '6 days' ELSE make_interval(mins => 20 + i % 200) END AS span
          FROM generate_series(1, ${rows}) i) g
    JOIN subscription s ON s.id = (SELECT min(id) FROM subscription) + (i::bigint * 7919) % ${subscribers}`.replace(
    'SELECT 1,',
    'SELECT s.tenant_id,',
  );
}
