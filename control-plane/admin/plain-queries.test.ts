/** What is counted and found in a roundabout way for speed is what a plain query over everything gives. */
import { Client } from 'pg';
import { createSecretBox } from '../platform/crypto';
import { systemActor, type Context } from '../platform/context';
import { createDatabase, type Database } from '../platform/db/prisma';
import { createLog } from '../platform/log';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makePackage } from '../test-kit/story';
import { moneyToday } from './dashboard.queries';
import { onlineCurve, onlineNow, openSessions, routersNow } from './online.queries';

const ZONE = 'Africa/Nairobi';
let lango: TestLango;
let db: Database;
let web: Client;

beforeAll(async () => {
  lango = await startTestLango();
  const tenant = lango.company.tenantId;
  db = createDatabase(lango.db.urls.web, createSecretBox(lango.db.masterKey), createLog('test', 'silent'), 2);
  web = new Client({ connectionString: lango.db.urls.web });
  await web.connect();
  await web.query(`SELECT set_config('lango.tenant', $1, false)`, [String(tenant)]);
  await seedServices(String(tenant));
  await seedSessions(String(tenant));
  await seedPayments(String(tenant));
}, 120_000);

afterAll(async () => {
  await web?.end();
  await db?.close();
  await lango?.stop();
});

const inTenant = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
  db.inTenant({ tenantId: lango.company.tenantId, actor: systemActor('test'), requestId: 'r' }, work);

/** 350 people with a service each, of plans that cut, slow down, wait, and have rules: every state at both sides of each edge. */
async function seedServices(tenant: string): Promise<void> {
  const throttle = { quota_bytes: 1000, on_quota: 'throttle', throttle_down_kbps: 100, throttle_up_kbps: 100 };
  const plans = [
    await makePackage(lango.api, { quota_bytes: 1000, on_quota: 'cut' }),
    await makePackage(lango.api, { ...throttle, grace_s: 86_400 }),
    await makePackage(lango.api, { grace_s: 3600 }),
    await makePackage(lango.api, { ...throttle, fair_use: [{ at_bytes: 500, down_kbps: 500, up_kbps: 500 }] }),
    await makePackage(lango.api, { quota_bytes: 1000, on_quota: 'cut', quota_cycle: 'day', grace_s: 7200 }),
  ];
  const ids = plans.map((plan) => plan['id'] as string);
  await lango.asOwner(
    `WITH c AS (INSERT INTO subscriber (tenant_id, name, phone) SELECT $1, 'Person ' || g, '+2547' || lpad(g::text, 8, '0') FROM generate_series(1, 350) g RETURNING id)
     INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no, quota_bytes, topup_bytes)
     SELECT $1, c.id, p.current_version_id, 'u' || c.id, (ARRAY['active','active','active','active','active','suspended','paused','pending','ended'])[1 + c.id % 9],
            now() - interval '20 days', now() + (ARRAY['-3 days','-12 hours','-30 minutes','40 minutes','5 days'])[1 + c.id / 5 % 5]::interval, 1, v.quota_bytes, 500 * (c.id / 25 % 2)
     FROM c JOIN plan p ON p.id = ($2::bigint[])[1 + c.id % 5] JOIN plan_version v ON v.id = p.current_version_id`,
    [tenant, ids],
  );
  await lango.asOwner(
    `INSERT INTO usage_cycle (tenant_id, subscription_id, cycle_no, started_at, input_bytes, output_bytes)
     SELECT tenant_id, id, cycle_no, now() - interval '1 hour', 100, (ARRAY[0, 399, 400, 899, 900, 1399, 1400, 5000])[1 + id / 3 % 8] FROM subscription WHERE tenant_id = $1 AND id % 7 > 0
     ON CONFLICT (subscription_id, cycle_no) DO UPDATE SET output_bytes = excluded.output_bytes`,
    [tenant],
  );
}

/** Seventy routers; people online there in two ways; sessions of the last hours that are over; and an archive of fourteen months for one service. */
async function seedSessions(tenant: string): Promise<void> {
  await lango.asOwner(
    `WITH n AS (INSERT INTO nas (tenant_id, name, nasname, shortname, secret, type, created_at)
       SELECT $1, 'Tower ' || g, '10.99.0.' || g, 't' || g, 'tower-secret', 'mikrotik', now() - interval '9 days' FROM generate_series(1, 70) g RETURNING id)
     INSERT INTO nas_status (nas_id, tenant_id, last_accounting_at) SELECT id, $1, now() - make_interval(mins => (id % 30)::int) FROM n WHERE id % 5 > 0`,
    [tenant],
  );
  await lango.asOwner(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, started_at, updated_at, received_at, prev_updated_at, interim_s,
       session_time_s, prev_session_time_s, input_bytes, output_bytes, prev_input_bytes, prev_output_bytes, stopped_at, closed_by)
     SELECT s.tenant_id, (SELECT min(id) FROM nas WHERE tenant_id = $1) + s.id % 60, 'l' || s.id, s.id, s.username, '10.9.9.9', CASE WHEN s.id % 3 = 0 THEN 'hotspot' ELSE 'ppp' END,
            now() - make_interval(mins => (s.id * 7 % 900)::int), now() - CASE WHEN s.id % 20 < 12 THEN interval '1 minute' ELSE interval '1 hour' END, now(), CASE WHEN s.id % 8 > 0 THEN now() - interval '30 minutes' END, 300, 600, 300,
            s.id * 1000, s.id * 30000, s.id * 100, s.id * 2000, CASE WHEN s.id % 4 = 0 THEN now() - make_interval(mins => (s.id * 7 % 900 / 2)::int) END, CASE WHEN s.id % 4 = 0 THEN 'stop' END
     FROM subscription s WHERE s.tenant_id = $1`,
    [tenant],
  );
  await lango.asOwner(`DO $$ DECLARE m date; part text; BEGIN
    FOR m IN SELECT generate_series(date_trunc('month', now()) - interval '13 months', date_trunc('month', now()), '1 month')::date LOOP
      part := 'session_closed_' || to_char(m, 'YYYYMM');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I PARTITION OF session_closed FOR VALUES FROM (%L) TO (%L)', part, m, (m + interval '1 month')::date);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
    END LOOP; END $$`);
  // Some were first heard of long after they had begun, in another month: what matters is when they began. Some lie before the first partition.
  await lango.asOwner(
    `INSERT INTO session_closed (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at, stopped_at, closed_by, first_seen_on)
     SELECT s.tenant_id, 1, 'h' || g || '-' || s.id, s.id, s.username, '10.9.9.9', m.at, m.at + interval '1 hour', m.at + interval '1 hour', m.at + interval '1 hour', 'stop',
            (least(now(), m.at + CASE WHEN g % 6 = 0 THEN interval '45 days' ELSE interval '0' END) AT TIME ZONE 'UTC')::date
     FROM (SELECT * FROM subscription WHERE tenant_id = $1 ORDER BY id LIMIT 2) s, generate_series(1, 60) g,
          LATERAL (SELECT date_trunc('second', now()) - make_interval(days => g * g / 8 + 1, secs => g) AS at) m`,
    [tenant],
  );
}

/** Payments of today, of the same weekday last week and of the days beside both, in three methods and two states. */
async function seedPayments(tenant: string): Promise<void> {
  await lango.asOwner(
    `INSERT INTO payment (tenant_id, subscriber_id, method, reference, amount_cents, currency, state, received_at)
     SELECT $1, (SELECT min(id) FROM subscriber WHERE tenant_id = $1), (ARRAY['mpesa','cash','bank'])[1 + g % 3], 'R' || g, 100 + g, 'KES', CASE WHEN g % 11 = 0 THEN 'failed' ELSE 'settled' END,
            now() - make_interval(mins => g * 47)
     FROM generate_series(0, 300) g`,
    [tenant],
  );
}

test.each(['pending', 'active', 'grace', 'throttled', 'capped', 'suspended', 'paused', 'expired', 'ended'])(
  'the list of people whose service is %s holds them all, newest first, page by page, and their number',
  async (state) => {
    const plain = await lango.asOwner<{ id: string }>(
      `SELECT DISTINCT subscriber_id AS id FROM subscription_now WHERE tenant_id = $1 AND state = $2 ORDER BY 1 DESC`,
      [String(lango.company.tenantId), state],
    );
    const found: string[] = [];
    for (;;) {
      const { rows } = await web.query<{ id: string; matching: string | null }>(
        `SELECT * FROM subscriber_page_counted(jsonb_build_object('state', $1::text), $2, 20)`,
        [state, found.at(-1) ?? null],
      );
      for (const { id, matching } of rows) {
        found.push(id);
        if (matching !== null) expect(Number(matching)).toBe(plain.length);
      }
      if (rows.length < 20) break;
    }
    expect(found).toEqual(plain.map((row) => row.id));
    expect(found.length).toBeGreaterThan(0);
    const { rows } = await web.query(`SELECT subscriber_count(jsonb_build_object('state', $1::text), 1001) AS count`, [
      state,
    ]);
    expect(Number(rows[0].count)).toBe(plain.length);
  },
);

test.each([5, 14, 50])('the newest %i sessions of a service are those of all months together', async (limit) => {
  const [service] = await lango.asOwner<{ id: string }>(
    `SELECT id FROM subscription WHERE tenant_id = $1 ORDER BY id LIMIT 1`,
    [String(lango.company.tenantId)],
  );
  for (const before of [null, '20 days', '70 days', '200 days', '390 days']) {
    const newest = async (client: Pick<Client, 'query'>, source: string) =>
      (
        await client.query<{ radacctid: string; at: Date }>(
          `SELECT radacctid, started_at AS at FROM ${source} l WHERE stopped_at IS NOT NULL AND started_at < coalesce(now() - $2::interval, 'infinity') AND $1::bigint IS NOT NULL AND $3::int > 0
           ORDER BY started_at DESC LIMIT $3`,
          [service?.id, before, limit],
        )
      ).rows;
    const all = await newest(web, `(SELECT * FROM session_all WHERE subscription_id = $1)`);
    expect(all.length).toBeGreaterThan(2);
    expect(await newest(web, `session_newest($1, now() - $2::interval, $3)`)).toEqual(all);
  }
});

test('no session of another company is told', async () => {
  const other = await lango.addCompany();
  await web.query(`SELECT set_config('lango.tenant', $1, false)`, [String(other.tenantId)]);
  const { rows } = await web.query(
    `SELECT n.radacctid FROM generate_series(1, 400) s (id), session_newest(s.id, NULL, 5) n`,
  );
  await web.query(`SELECT set_config('lango.tenant', '', false)`);
  const { rows: nobody } = await web.query(
    `SELECT n.radacctid FROM generate_series(1, 400) s (id), session_newest(s.id, NULL, 5) n`,
  );
  await web.query(`SELECT set_config('lango.tenant', $1, false)`, [String(lango.company.tenantId)]);
  expect([rows, nobody]).toEqual([[], []]);
});

test('online now: the sums, the routers and the curve are those of the sessions', async () => {
  const { open, curve, routers } = await inTenant(async (ctx) => {
    const groups = await openSessions(ctx);
    return { open: groups, curve: await onlineCurve(ctx), routers: await routersNow(ctx, groups) };
  });
  const rows = await lango.asOwner<{ nas_id: string; service: string; began: Date; ended: Date | null; down: number }>(
    `SELECT nas_id, service, started_at AS began, stopped_at AS ended,
       (CASE WHEN prev_updated_at IS NULL OR updated_at <= now() - interval '630 seconds' THEN 0 ELSE (output_bytes - prev_output_bytes) * 8.0 / 300 END)::float8 AS down
     FROM session_live WHERE tenant_id = $1`,
    [String(lango.company.tenantId)],
  );
  const live = rows.filter((row) => row.ended === null);
  const now = onlineNow(open);
  expect(now).toMatchObject({
    online: live.length,
    ppp: live.filter((row) => row.service === 'ppp').length,
    hotspot: live.filter((row) => row.service === 'hotspot').length,
  });
  expect(now.down_bps).toBeCloseTo(
    live.reduce((sum, row) => sum + row.down, 0),
    -3,
  );
  expect(now.down_bps).toBeGreaterThan(0);

  expect(routers).toHaveLength(70);
  expect(routers.map((router) => router.online)).toEqual(
    routers.map((router) => live.filter((row) => row.nas_id === router.id.toString()).length),
  );
  expect(routers.map((router) => router.online)).toEqual(
    routers.map((router) => router.online).toSorted((a, b) => b - a),
  );
  expect(routers.some((router) => router.silent)).toBe(true);

  expect(curve).toHaveLength(73);
  for (const { at, online } of curve) {
    const then = rows.filter((row) => row.began <= at && (row.ended === null || row.ended > at)).length;
    // A beginning or an end within the very second of a point may fall on either side of it.
    const unsure = rows.filter((row) =>
      [row.began, row.ended].some((one) => one && Math.abs(+one - +at) < 20_000),
    ).length;
    expect(Math.abs((online ?? -1) - then)).toBeLessThanOrEqual(unsure);
  }
});

test('money of today and of the same day last week is that of the payments', async () => {
  const money = await inTenant((ctx) => moneyToday(ctx, ZONE));
  const [plain] = await lango.asOwner<Record<string, string>>(
    `SELECT coalesce(sum(amount_cents) FILTER (WHERE day = today), 0) AS cents, count(*) FILTER (WHERE day = today) AS payments,
       sum(amount_cents) FILTER (WHERE day = today - 7) AS whole, coalesce(sum(amount_cents) FILTER (WHERE day = today - 7 AND received_at <= now() - interval '7 days'), 0) AS so_far
     FROM (SELECT *, (received_at AT TIME ZONE $2)::date AS day, (now() AT TIME ZONE $2)::date AS today FROM payment WHERE tenant_id = $1 AND state = 'settled') p`,
    [String(lango.company.tenantId), ZONE],
  );
  const sum = (list: { cents: bigint; payments: bigint }[], what: 'cents' | 'payments') =>
    list.reduce((total, one) => total + one[what], 0n).toString();
  expect({
    cents: money.cents.toString(),
    payments: sum(money.byMethod, 'payments'),
    whole: money.lastWeekDayCents?.toString(),
    so_far: money.lastWeekCents?.toString(),
  }).toEqual(plain);
  expect(sum(money.byMethod, 'cents')).toBe(plain?.['cents']);
  expect(money.curve.at(-1)).toMatchObject({ today: money.cents, lastWeek: money.lastWeekDayCents });
  expect(money.curve[0]).toMatchObject({ today: 0n, lastWeek: 0n });
});
