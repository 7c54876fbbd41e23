import { createSecretBox } from '../platform/crypto';
import { make, makeActive, makeRouter } from './story';
import type { TestCompany, TestLango } from './lango';

/**
 * Gives a company one of everything that an address can name, and tells the ids by the beginning of the path that shows the thing
 * (`subscriptions`, `vouchers/batches`). An address whose beginning is not here fails the tests that walk the routes: add what it names.
 */
// oxlint-disable-next-line eslint/max-lines-per-function
export async function furnish(lango: TestLango, company: TestCompany): Promise<Record<string, string>> {
  const tenant = company.tenantId.toString();
  const subscription = await makeActive(company.api, { quota_bytes: 1_000_000 });
  const router = await makeRouter(company.api);
  await company.api.post('/billing/transactions', {
    subscription_id: subscription.id,
    amount_cents: 150_000,
    method: 'cash',
    reference: `R${tenant}`,
  });
  const one = async (sql: string, values: unknown[]): Promise<string> => {
    const [row] = await lango.asOwner<{ id: string }>(sql, [tenant, ...values]);
    if (!row) throw new Error(`Nothing came of ${sql}`);
    return row.id;
  };
  const session = await one(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at)
     VALUES ($1, $2, 'a1', $3, 'u', '127.0.0.1', now(), now(), now()) RETURNING radacctid AS id`,
    [router.id, subscription.id],
  );
  const batch = await make(company.api, '/vouchers/batches', { package_id: subscription['package_id'], count: 1 });
  const enforcement = await one(
    `INSERT INTO enforcement (tenant_id, session_id, nas_id, kind, reason) VALUES ($1, $2, $3, 'throttle', 'cap_throttle') RETURNING id`,
    [session, router.id],
  );
  const radsec = await one(
    `INSERT INTO radsec_certificate (tenant_id, nas_id, serial, fingerprint, subject, key_is_theirs, issued_by, not_after)
     VALUES ($1, $2, $3, lpad($3, 64, '0'), 'R', false, 'A', now() + interval '1 day') RETURNING id`,
    [router.id, `40${tenant}`],
  );
  const certificate = await one(
    `INSERT INTO certificate (tenant_id, subscription_id, serial, name, not_after) VALUES ($1, $2, $3, 'D', now() + interval '1 day') RETURNING id`,
    [subscription.id, `abcdef${tenant.padStart(2, '0')}`],
  );
  const webhook = await one(
    `INSERT INTO webhook_endpoint (tenant_id, url, events, secret_enc, state) VALUES ($1, 'https://example.com/', '{*}', '', 'paused') RETURNING id`,
    [],
  );
  const delivery = await one(
    `WITH v AS (INSERT INTO webhook_event (tenant_id, type, payload)
       VALUES ($1, 'webhook.test', '{"type": "webhook.test", "timestamp": "2026-01-01T00:00:00.000Z", "data": {}}') RETURNING id)
     INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id) SELECT $1, $2, id FROM v RETURNING id`,
    [webhook],
  );
  const profile = await make(company.api, '/packages/profiles', { name: 'Home', down_kbps: 10_000, up_kbps: 5_000 });
  const pool = await make(company.api, '/pools', { name: 'home', kind: 'ipv4', ranges: '10.250.0.0/24' });
  const site = await make(company.api, '/sites', { name: 'Soko', router_ids: [router.id] });
  const discount = await make(company.api, '/discounts', { name: 'Offer', code: 'OFFER', percent: 5 });
  const plan = await one('SELECT max(id) AS id FROM plan WHERE tenant_id = $1', []);
  const payment = await one('SELECT max(id) AS id FROM payment WHERE tenant_id = $1', []);
  const invoice = await one('SELECT max(id) AS id FROM invoice WHERE tenant_id = $1', []);
  const refund = await one(
    `INSERT INTO payment_refund (tenant_id, subscriber_id, payment_id, amount_cents, currency, way, service, reason, state, needs_approval, created_name)
     SELECT $1, p.subscriber_id, p.id, 100, 'KES', 'cash', 'keep', 'because', 'refused', false, 'Amina' FROM payment p WHERE p.id = $2 RETURNING id`,
    [payment],
  );
  const cheque = await one(
    `INSERT INTO payment (tenant_id, subscriber_id, method, reference, amount_cents, currency, state)
     SELECT $1, p.subscriber_id, 'cheque', 'furnished', 100, 'KES', 'created' FROM payment p WHERE p.id = $2 RETURNING id`,
    [payment],
  );
  const statement = await one(
    `INSERT INTO payment_statement (tenant_id, method, source, name, mark, from_at, to_at, created_name) VALUES ($1, 'mpesa', 'file', 'S', 'furnish', now(), now(), 'Amina') RETURNING id`,
    [],
  );
  const line = await one(
    `INSERT INTO payment_statement_row (tenant_id, statement_id, method, kind, receipt, amount_cents, currency, at)
     VALUES ($1, $2, 'mpesa', 'moved', 'FURNISHED', -100, 'KES', now()) RETURNING id`,
    [statement],
  );
  const money = await one(
    `INSERT INTO payment_notice (tenant_id, method, receipt, amount_cents, currency, state, source) VALUES ($1, 'mpesa', $2, 100, 'KES', 'unproven', 'confirmation') RETURNING id`,
    [`FURNISH${tenant}`],
  );
  const bank = await one(
    `INSERT INTO payment_bank (tenant_id, name, currency) VALUES ($1, 'Equity', 'KES') RETURNING id`,
    [],
  );
  const token = await one('SELECT max(id) AS id FROM staff_token WHERE tenant_id = $1', []);
  const role = await one(`INSERT INTO staff_role (tenant_id, key, name) VALUES ($1, 'own', 'Own') RETURNING id`, []);
  const staffId = company.staffId.toString();
  const browser = await one(
    `INSERT INTO staff_session (tenant_id, staff_id, token_hash, csrf_token, expires_at) VALUES ($1, $2, sha256($3::bytea), 'c', now() + interval '1 day') RETURNING id`,
    [staffId, `browser ${tenant}`],
  );
  const passkey = await one(
    `INSERT INTO staff_passkey (tenant_id, staff_id, credential_id, public_key, name) VALUES ($1, $2, $3, '\\x00', 'Phone') RETURNING id`,
    [staffId, `credential ${tenant}`],
  );
  const run = await one(
    `INSERT INTO bulk_run (tenant_id, action, task, permission, created_by_name) VALUES ($1, 'extend', 'bulk.work', 'subscriptions.write', 'Amina') RETURNING id`,
    [],
  );
  const table = JSON.stringify({ head: ['Name', 'Phone'], rows: [], encoding: 'utf-8', delimiter: ',' });
  const sheet = await one(
    `INSERT INTO import_file (tenant_id, name, content, encoding, delimiter, rows) VALUES ($1, 'a.csv', $2, 'utf-8', ',', 0) RETURNING id`,
    [createSecretBox(lango.db.masterKey).seal('import_file.content', company.tenantId, table)],
  );
  const bankSheet = await one(
    `INSERT INTO import_file (tenant_id, name, content, encoding, delimiter, rows, slice, subject_id) VALUES ($1, 'b.csv', $2, 'utf-8', ',', 0, 'payments', $3) RETURNING id`,
    [createSecretBox(lango.db.masterKey).seal('import_file.content', company.tenantId, table), bank],
  );
  const request = await one(
    `INSERT INTO join_request (tenant_id, ticket_hash, name, phone, channel, recipient, plan_id, locale, code_expires_at, state)
     VALUES ($1, sha256($3::bytea), 'J', '+254711999999', 'sms', '+254711999999', $2, 'en', now(), 'waiting') RETURNING id`,
    [plan, `ticket ${tenant}`],
  );
  const list = await one(
    `INSERT INTO table_view (tenant_id, staff_id, list, name, query) VALUES ($1, $2, 'subscribers', 'Mine', 'q=a') RETURNING id`,
    [staffId],
  );
  const reseller = String((await make(company.api, '/resellers', { name: 'Duka', phone: '0700555444' }))['id']);
  const rules = await make(company.api, '/resellers/rules', { percent_bp: 500 });
  const payoutRun = await one(
    `INSERT INTO reseller_payout_run (tenant_id, method, total_cents, currency, created_name) VALUES ($1, 'hand', 100, 'KES', 'Amina') RETURNING id`,
    [],
  );
  const payout = await one(
    `INSERT INTO reseller_payout (tenant_id, run_id, reseller_id, amount_cents, currency, phone) VALUES ($1, $2, $3, 100, 'KES', '+254700555444') RETURNING id`,
    [payoutRun, reseller],
  );
  const message = await one(
    `INSERT INTO message (tenant_id, kind, urgency, channel, recipient, locale, state, due_at, body) VALUES ($1, 'notice', 'day', 'sms', '+254712000000', 'en', 'failed', NULL, 'x') RETURNING id`,
    [],
  );
  const approval = await one(
    `INSERT INTO approval (tenant_id, kind, subject_id, permission, amount_cents, currency, summary, path, asked_name, expires_at)
     VALUES ($1, 'payments.refund', 999999999, 'payments.refund', 100, 'KES', 'x', '/payments', 'Job', now() + interval '1 day') RETURNING id`,
    [],
  );
  await one(
    `INSERT INTO postpaid_account (subscriber_id, tenant_id, billing_day, terms_days, billed_until) VALUES ($2, $1, 1, 14, now()) RETURNING subscriber_id AS id`,
    [String(subscription['client_id'])],
  );
  const trace = await one(
    `INSERT INTO session_trace (tenant_id, staff_id, address, from_at, to_at, reason, answer) VALUES ($1, $2, '10.0.0.1', now(), now(), 'a lawful request', '[]') RETURNING id`,
    [staffId],
  );
  return {
    packages: plan,
    plans: plan,
    'packages/profiles': String(profile['id']),
    'plans/profiles': String(profile['id']),
    pools: String(pool['id']),
    sites: String(site['id']),
    configurations: await one(
      `INSERT INTO configuration (tenant_id, nas_id, version, words, lines, added, removed) VALUES ($1, $2, '7.18', '/ip pool', 1, 1, 0) RETURNING id`,
      [router.id],
    ),
    drift: await one(
      `INSERT INTO drift_finding (tenant_id, nas_id, kind, subject) VALUES ($1, $2, 'local_secret', 'asha') RETURNING id`,
      [router.id],
    ),
    'monitoring/alerts': await one(
      `INSERT INTO monitoring_alert (tenant_id, nas_id, kind) VALUES ($1, $2, 'down') RETURNING id`,
      [router.id],
    ),
    discounts: String(discount['id']),
    clients: String(subscription['client_id']),
    subscribers: String(subscription['client_id']),
    subscriptions: subscription.id,
    routers: router.id,
    sessions: session,
    enforcements: enforcement,
    'radsec/certificates': radsec,
    certificates: certificate,
    'vouchers/batches': String(batch['id']),
    'vouchers/codes': String(batch['codes'][0]),
    // Its only file bears its own number, as an address is filled with one.
    'vouchers/sheets': await one(
      `WITH s AS (INSERT INTO voucher_sheet (tenant_id, batch_id, paper, locale, state, total, done, created_name) VALUES ($1, $2, 'a4', 'en', 'done', 1, 1, 'Amina') RETURNING id),
            p AS (INSERT INTO voucher_sheet_part (sheet_id, no, tenant_id, codes, last_code, pdf) SELECT id, id, $1, 1, 'A', '' FROM s)
       SELECT id FROM s`,
      [batch['id']],
    ),
    payments: payment,
    'payments/suspense': money,
    'payments/cheques': cheque,
    'payments/pay-out': String(subscription['client_id']),
    'billing/payments': payment,
    'billing/refunds': refund,
    'payments/refunds': refund,
    'payments/match': statement,
    'payments/banks': bank,
    'payments/banks/files': bankSheet,
    // Its only line bears its own number too.
    'payments/banks/runs': await one(
      `WITH r AS (INSERT INTO bulk_run (tenant_id, action, task, permission, private, params, total, planned, created_by_name)
              VALUES ($1, 'bank', 'payments.bank', 'payments.write', true, '{"bank": "Equity", "file": "b.csv", "currency": "KES", "timezone": "Africa/Nairobi"}', 1, 1, 'Amina') RETURNING id),
            l AS (INSERT INTO bulk_row (run_id, seq, tenant_id, label, fate, note, data) SELECT id, id, $1, 'x', 'will', 'bank_nobody', $2::jsonb FROM r),
            s AS (INSERT INTO payment_statement (tenant_id, method, source, name, mark, bank_id, from_at, to_at, created_name)
              SELECT $1, 'bank', 'file', 'B', 'bank:' || id, $3, now(), now(), 'Amina' FROM r)
       SELECT id FROM r`,
      [
        JSON.stringify({
          name: '',
          line: {
            id: 'x',
            line: 1,
            day: '2026-11-20',
            amount_cents: '100',
            reference: '',
            account: '',
            description: 'deposit',
            kind: 'payment',
            deed: { what: 'hold' },
          },
        }),
        bank,
      ],
    ),
    'payments/lines': line,
    'billing/statements': statement,
    'billing/transactions': payment,
    'billing/invoices': invoice,
    invoices: invoice,
    'invoices/buyers': String(subscription['client_id']),
    staff: company.staffId.toString(),
    tokens: token,
    'staff/roles': role,
    'staff/me/browsers': browser,
    'staff/me/programs': token,
    'staff/me/passkeys': passkey,
    tenants: tenant,
    bulk: run,
    'sessions/address': trace,
    'join/requests': request,
    imports: sheet,
    'tables/views': list,
    webhooks: webhook,
    'webhooks/deliveries': delivery,
    messages: message,
    resellers: reseller,
    'resellers/payouts': payoutRun,
    'resellers/payouts/each': payout,
    'resellers/rules': String((rules as unknown as { id: string }[])[0]?.id),
    approvals: approval,
    'sms/logs': message,
    wallets: String(subscription['client_id']),
    'postpaid/accounts': String(subscription['client_id']),
    'postpaid/customers': String(subscription['client_id']),
    'messages/preferences': String(subscription['client_id']),
  };
}
