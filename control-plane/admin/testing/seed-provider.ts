import { Client } from 'pg';

/** The ids a test needs to find its way in the seeded company. */
export interface SeededProvider {
  routers: Record<string, string>;
  subscribers: Record<string, string>;
  sessions: Record<string, string>;
  /** An order that is proven. */
  enforcement?: string;
}

const GB = 1_000_000_000;
const ROUTERS = ['Roysambu', 'Githurai 45', 'Zimmerman', 'Kahawa West', 'Kasarani', 'Mwiki', 'Ruiru Bypass', 'Njiru'];
/** Name, login, plan, minutes online, router, Mbps down, share of the quota used, and what is special. */
const PEOPLE: [string, string, string, number, string, number, number, string?][] = [
  ['Grace Wanjiku Muthoni', 'grace.muthoni', 'Home 20', 149, 'Roysambu', 8.42, 0.53],
  ['Abdi Hassan Noor', 'abdi.noor', 'Home 10', 1, 'Roysambu', 4.07, 0.01],
  ['Soko Mjinga stall 14', '0711204284', 'Hotspot 24 h', 99, 'Zimmerman', 1.94, 0.73],
  ['Faith Nduta Mwangi', 'faith.nduta', 'Home 20', 2340, 'Roysambu', 17.8, 0.97],
  ['Samuel Kipchoge Rotich', 's.rotich', 'Business 50', 23_160, 'Githurai 45', 31.6, 0],
  ['Kevin Odhiambo', 'kevin.odhiambo', 'Home 10', 166, 'Roysambu', 0.98, 1.01, 'throttled'],
  ['Halima Yusuf Ali', 'halima.ali', 'Home 20', 223, 'Kasarani', 0.02, 0.25],
  ['John Mbugua Njoroge', 'j.mbugua', 'Home 10', 70, 'Roysambu', 2.2, 0.4, 'proven'],
  ['Lilian Achieng Owuor', 'lilian.owuor', 'Home 10', 117, 'Roysambu', 5.1, 0.2, 'silence'],
  ['Dennis Mutua Kilonzo', 'd.mutua', 'Home 20', 758, 'Roysambu', 3.3, 0.6, 'nak'],
  ['Brenda Chepkoech', 'b.chepkoech', 'Home 20', 39, 'Mwiki', 12.1, 0.05],
  ['Kamau Cyber, Lumumba Dr', 'kamau.cyber', 'Business 50', 13_020, 'Mwiki', 22.4, 0],
  ['Mercy Chebet Koech', 'mercy.chebet', 'Home 10', 141, 'Ruiru Bypass', 0.44, 0.8, 'grace'],
  ['Phone in café', '0790517733', 'Hotspot 24 h', 43, 'Zimmerman', 2.86, 0.33],
  ['St Mary Clinic', 'stmary', 'Business 50', 33_360, 'Ruiru Bypass', 6.31, 0],
  ['Peter Otieno Ouma', 'peter.otieno', 'Home 10', 95, 'Kahawa West', 1.2, 0.3, 'stale'],
  ['Zawadi Mwende', 'zawadi.m', 'Home 10', 54, 'Kahawa West', 3.15, 0.96, 'stale'],
];

/** Fills a company with eight routers, four plans, people in every state, orders with every outcome, and two weeks of payments. */
export async function seedProvider(ownerUrl: string, tenantId: string): Promise<SeededProvider> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  const one = async (sql: string, values: unknown[]): Promise<string> => {
    const { rows } = await client.query<{ id: string }>(sql, values);
    return rows[0]?.id ?? '';
  };
  const seeded: SeededProvider = { routers: {}, subscribers: {}, sessions: {} };
  try {
    await seedRouters(one, tenantId, seeded);
    const versions = await seedPlans(one, tenantId);
    for (const [index, person] of PEOPLE.entries()) await seedPerson(one, tenantId, seeded, versions, person, index);
    await seedOutcomes(one, tenantId, seeded);
    await seedPayments(client, tenantId);
  } finally {
    await client.end();
  }
  return seeded;
}

type One = (sql: string, values: unknown[]) => Promise<string>;

async function seedRouters(one: One, tenantId: string, seeded: SeededProvider): Promise<void> {
  for (const [index, name] of ROUTERS.entries()) {
    const id = await one(
      `INSERT INTO nas (tenant_id, nasname, shortname, name, secret, created_at) VALUES ($1, $2, $3, $4, 'testing-secret', lango_now() - interval '90 days') RETURNING id`,
      [tenantId, `10.77.0.${index + 1}`, name.slice(0, 32), name],
    );
    seeded.routers[name] = id;
    if (name === 'Njiru') continue; // set up and never heard
    await one(
      `INSERT INTO nas_status (nas_id, tenant_id, last_accounting_at) VALUES ($1, $2, lango_now() - make_interval(mins => $3)) RETURNING nas_id AS id`,
      [id, tenantId, name === 'Kahawa West' ? 26 : 0],
    );
  }
}

async function seedPlans(one: One, tenantId: string): Promise<Record<string, string>> {
  const plans: [string, string, number, number, number | null, string][] = [
    ['Home 10', 'pppoe', 150_000, 10_000, 200, 'throttle'],
    ['Home 20', 'pppoe', 250_000, 20_000, 400, 'throttle'],
    ['Business 50', 'pppoe', 800_000, 50_000, null, 'cut'],
    ['Hotspot 24 h', 'hotspot', 5_000, 5_000, 2, 'cut'],
  ];
  const versions: Record<string, string> = {};
  for (const [name, kind, price, kbps, quota, onQuota] of plans) {
    const plan = await one(`INSERT INTO plan (tenant_id, name, kind) VALUES ($1, $2, $3) RETURNING id`, [
      tenantId,
      name,
      kind,
    ]);
    const [count, unit] = kind === 'pppoe' ? [1, 'month'] : [24, 'hour'];
    const version = await one(
      `INSERT INTO plan_version (tenant_id, plan_id, version, price_cents, currency, validity_count, validity_unit, down_kbps, up_kbps, quota_bytes, on_quota,
         throttle_down_kbps, throttle_up_kbps, grace_s)
       VALUES ($1, $2, 1, $3, 'KES', $4, $5, $6::bigint, $6::bigint / 2, $7, $8, 1000, 1000, 86400) RETURNING id`,
      [tenantId, plan, price, count, unit, kbps, quota === null ? null : quota * GB, onQuota],
    );
    await one(`UPDATE plan SET current_version_id = $2 WHERE id = $1 RETURNING id`, [plan, version]);
    versions[name] = version;
  }
  return versions;
}

async function seedPerson(
  one: One,
  tenantId: string,
  seeded: SeededProvider,
  versions: Record<string, string>,
  [name, login, plan, minutes, router, mbps, used, special]: (typeof PEOPLE)[number],
  index: number,
): Promise<void> {
  const phone = `+2547${String(22_418_306 + index * 7919).padStart(8, '0')}`;
  const subscriber = await one(`INSERT INTO subscriber (tenant_id, name, phone) VALUES ($1, $2, $3) RETURNING id`, [
    tenantId,
    name,
    phone,
  ]);
  seeded.subscribers[login] = subscriber;
  const subscription = await one(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no, quota_bytes)
     SELECT $1, $2, v.id, $4, 'active', lango_now() - interval '20 days', lango_now() + make_interval(hours => $5), 1, v.quota_bytes FROM plan_version v WHERE v.id = $3
     RETURNING id`,
    [tenantId, subscriber, versions[plan], login, special === 'grace' ? -2 : 40 + index * 31],
  );
  await one(
    `INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at, input_bytes, output_bytes)
     SELECT $1, 1, $2, lango_now() - interval '20 days', 0, coalesce(v.quota_bytes * $4::numeric, 904000000000)::bigint FROM plan_version v WHERE v.id = $3
     RETURNING subscription_id AS id`,
    [subscription, tenantId, versions[plan], used],
  );
  const service = plan.startsWith('Hotspot') ? 'hotspot' : 'ppp';
  const bytes = Math.round((mbps * 1e6 * 30) / 8);
  const late = special === 'stale' ? 26 : 0;
  seeded.sessions[login] = await one(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, framed_ip, mac, started_at, updated_at, received_at,
       prev_updated_at, interim_s, session_time_s, prev_session_time_s, input_bytes, output_bytes, prev_input_bytes, prev_output_bytes, mode)
     VALUES ($1, $2, $3, $4, $5, '10.77.0.1', $6, $7, $8, lango_now() - make_interval(mins => $9::int), lango_now() - make_interval(mins => $10::int), lango_now(),
       CASE WHEN $9::int > 1 THEN lango_now() - interval '40 seconds' END, 300, $9::int * 60 + 30, $9::int * 60, $11::bigint, $12::bigint, $11::bigint - $13::bigint / 8,
       $12::bigint - $13::bigint, $14) RETURNING radacctid AS id`,
    [
      tenantId,
      seeded.routers[router],
      `81${index.toString(16).padStart(6, '0')}`,
      subscription,
      login,
      service,
      `10.20.4.${index + 4}`,
      `48:A9:8A:1C:77:${(0xe0 + index).toString(16).toUpperCase()}`,
      minutes,
      late,
      GB + bytes,
      6 * GB,
      bytes,
      special === 'throttled' ? 'throttled' : 'full',
    ],
  );
}

/** One cut with each outcome: proven, no answer yet, refused by the router. */
async function seedOutcomes(one: One, tenantId: string, seeded: SeededProvider): Promise<void> {
  const order = (login: string, seconds: number) =>
    one(
      `INSERT INTO enforcement (tenant_id, session_id, nas_id, subscription_id, kind, reason, created_at)
       SELECT $1, l.radacctid, l.nas_id, l.subscription_id, 'cut', 'staff_disconnect', lango_now() - make_interval(secs => $3) FROM session_live l WHERE l.radacctid = $2 RETURNING id`,
      [tenantId, seeded.sessions[login], seconds],
    );
  const attempt = (id: string, outcome: string, ms: number, cause: number | null) =>
    one(
      `INSERT INTO enforcement_attempt (tenant_id, enforcement_id, via, outcome, ms, error_cause) VALUES ($1, $2, 'disconnect', $3, $4, $5) RETURNING id`,
      [tenantId, id, outcome, ms, cause],
    );
  const gone = await order('j.mbugua', 20);
  await attempt(gone, 'ack', 41, null);
  seeded.enforcement = gone;
  await one(
    `UPDATE enforcement SET state = 'proven', proven_by = 'stop', proven_at = created_at + interval '612 ms', closed_at = created_at + interval '612 ms', attempts = 1 WHERE id = $1 RETURNING id`,
    [gone],
  );
  await one(
    `UPDATE session_live SET stopped_at = lango_now() - interval '20 seconds', closed_by = 'stop' WHERE radacctid = $1 RETURNING radacctid AS id`,
    [seeded.sessions['j.mbugua']],
  );
  await attempt(await order('lilian.owuor', 3), 'silence', 2100, null);
  await attempt(await order('d.mutua', 2), 'nak', 38, 503);
}

async function seedPayments(client: Client, tenantId: string): Promise<void> {
  await client.query(
    `INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, amount_cents, currency, state, applied_cents, received_at)
     SELECT $1, s.subscriber_id, s.id, (ARRAY['mpesa', 'mpesa', 'mpesa', 'mpesa', 'cash', 'bank'])[1 + (day * 7 + s.n) % 6],
            'UKK' || day || 'H' || s.n, v.price_cents, 'KES', 'settled', v.price_cents, lango_now() - make_interval(days => day, mins => ((s.n * 37) % 700)::int)
     FROM (SELECT s.*, row_number() OVER (ORDER BY id) AS n FROM subscription s WHERE tenant_id = $1) s JOIN plan_version v ON v.id = s.plan_version_id,
          generate_series(0, 8) day WHERE (s.n + day) % 3 = 0`,
    [tenantId],
  );
}
