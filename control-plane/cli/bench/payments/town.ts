import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { startDaraja, type Push, type SimulatedDaraja } from '../../../test-kit/daraja';
import { makePackage, type Json } from '../../../test-kit/story';
import type { Product } from '../../prove/product';
import { BenchRouter, type BenchSession } from '../enforcement/router';
import type { StatementLine } from './verify';

const SECRET = 'bench-secret';
const PRICE_CENTS = 50_000;

/** What of a running Lango is needed: the whole product, or one in a test's own process. */
type Served = Pick<Product, 'api' | 'baseUrl' | 'acctPort'>;

/** A customer. Every other one is online in full, the rest have run out and see the pay page. */
export interface Payer {
  subscriptionId: string;
  msisdn: string;
  session: BenchSession;
  router: BenchRouter;
}

/** A customer whose phone has been prompted. */
export interface Prompted extends Payer {
  push: Push;
}

/** A company with people online on routers, and its account with the simulated M-Pesa. */
export interface PaymentTown {
  payers: Payer[];
  daraja: SimulatedDaraja;
  callbackUrl: string;
  /** From now on everybody's session reports once in so long. */
  keepReporting(every_ms: number): void;
  close(): Promise<void>;
}

/** Begins the provider before the product, which is told its address. */
export const startProvider = (): Promise<SimulatedDaraja> => startDaraja({ msisdnForm: 'plain' });

/** Fills the product's own company by rows and has everybody's session begin by its Start. */
export async function settleTown(
  product: Served,
  db: Client,
  daraja: SimulatedDaraja,
  size: { payers: number; routers: number },
): Promise<PaymentTown> {
  const callbackUrl = await openAccount(product, daraja);
  const sold = await makePackage(product.api, { price_cents: PRICE_CENTS, validity: { count: 30, unit: 'day' } });
  const { rows } = await db.query<{ tenant_id: string; version: string }>(
    `SELECT v.tenant_id::text, v.id::text AS version FROM plan_version v WHERE v.plan_id = $1`,
    [sold['id']],
  );
  const [row] = rows;
  if (!row) throw new Error('the package has no version');
  const ids = await fill(db, row.tenant_id, row.version, size.payers);
  const routers = await Promise.all(
    Array.from({ length: size.routers }, (_, n) =>
      BenchRouter.start(`127.89.${process.pid % 250}.${n + 1}`, SECRET, { host: '127.0.0.1', port: product.acctPort }),
    ),
  );
  for (const router of routers)
    await db.query(
      `INSERT INTO nas (tenant_id, name, nasname, shortname, secret, type, coa_port) VALUES ($1, $2::text, $2::text, 'bench', $3, 'mikrotik', $4)`,
      [row.tenant_id, router.address, SECRET, router.coaPort],
    );
  const payers = ids.map((id, n) => payerOf(id, n, routers[n % routers.length]!));
  await db.query('VACUUM ANALYZE');
  // A new router acts within 2 s.
  await sleep(3_000);
  await begin(routers);
  await db.query('VACUUM ANALYZE session_live');
  return {
    payers,
    daraja,
    callbackUrl,
    keepReporting: (every_ms) => {
      for (const router of routers) router.keepReporting(every_ms);
    },
    close: () => {
      for (const router of routers) router.close();
      return Promise.resolve();
    },
  };
}

/** The company's account with the provider, which from now on reaches the product; gives the address for outcomes. */
export async function openAccount(product: Served, daraja: SimulatedDaraja): Promise<string> {
  daraja.reach = product.baseUrl;
  const { consumerKey, consumerSecret, shortcode, passkey } = daraja.options;
  const saved = await product.api.put<Json>('/settings/payments/mpesa', {
    environment: 'sandbox',
    consumer_key: consumerKey,
    consumer_secret: consumerSecret,
    shortcode,
    passkey,
    type: 'paybill',
    nominated_phone: '254700000000',
    per_second: 100,
  });
  if (saved.status !== 200) throw new Error(`the account was answered ${saved.status}: ${JSON.stringify(saved.body)}`);
  for (let tries = 0; daraja.registered === undefined; tries++) {
    if (tries > 600) throw new Error('the addresses were not registered within a minute');
    await sleep(100);
  }
  // One token for each kind of call of an account.
  return daraja.registered.confirmation.replace('/hooks/paid/', '/hooks/pay/');
}

async function fill(db: Client, tenant: string, version: string, payers: number): Promise<string[]> {
  await db.query(
    `INSERT INTO subscriber (tenant_id, name, phone) SELECT $1, 'Payer ' || n, '+2547' || lpad(n::text, 8, '0') FROM generate_series(0, $2::int - 1) n`,
    [tenant, payers],
  );
  // Every other one has run out an hour ago.
  await db.query(
    `INSERT INTO subscription (tenant_id, subscriber_id, plan_version_id, username, status, starts_at, expires_at, cycle_no)
     SELECT tenant_id, id, $2, 'payer-' || substr(phone, 6)::int, 'active', now() - interval '31 days',
       date_trunc('second', now()) + CASE substr(phone, 6)::int % 2 WHEN 0 THEN interval '1 day' ELSE interval '-1 hour' END, 1
     FROM subscriber WHERE tenant_id = $1 AND name LIKE 'Payer %' ORDER BY id`,
    [tenant, version],
  );
  await db.query(
    `INSERT INTO usage_cycle (tenant_id, subscription_id, cycle_no, started_at) SELECT tenant_id, id, 1, starts_at FROM subscription WHERE username LIKE 'payer-%'`,
  );
  const { rows } = await db.query<{ id: string }>(
    `SELECT id::text FROM subscription WHERE username LIKE 'payer-%' ORDER BY substr(username, 7)::int`,
  );
  return rows.map((row) => row.id);
}

/** Gives everybody an open order, by rows: as the prompts that M-Pesa took would have left them. */
export async function promptAll(db: Client, town: PaymentTown): Promise<Prompted[]> {
  const { rows } = await db.query<{ subscription_id: string; account_ref: string }>(
    `INSERT INTO payment (tenant_id, subscriber_id, subscription_id, method, reference, account_ref, provider_ref, provider_ref2, phone, amount_cents, currency, state, pushed_at)
     SELECT s.tenant_id, s.subscriber_id, s.id, 'mpesa', r.ref, r.ref, 'ws_CO_bench_' || s.id, 'bench-' || s.id, c.phone, ${PRICE_CENTS}, 'KES', 'prompted', lango_now()
     FROM subscription s JOIN subscriber c ON c.id = s.subscriber_id CROSS JOIN LATERAL (SELECT payment_new_ref() AS ref WHERE s.id > 0) r WHERE s.id = ANY ($1)
     RETURNING subscription_id::text, account_ref`,
    [town.payers.map((payer) => payer.subscriptionId)],
  );
  const references = new Map(rows.map((row) => [row.subscription_id, row.account_ref]));
  const prompted = town.payers.map((payer) => {
    const push: Push = {
      merchantId: `bench-${payer.subscriptionId}`,
      checkoutId: `ws_CO_bench_${payer.subscriptionId}`,
      msisdn: payer.msisdn,
      amount: PRICE_CENTS / 100,
      reference: references.get(payer.subscriptionId) ?? '',
      callbackUrl: town.callbackUrl,
      truth: { kind: 'pending' },
    };
    return { ...payer, push };
  });
  town.daraja.pushes.push(...prompted.map((one) => one.push));
  await db.query('VACUUM ANALYZE payment');
  return prompted;
}

function payerOf(subscriptionId: string, n: number, router: BenchRouter): Payer {
  const session: BenchSession = {
    id: `820${n.toString(16).padStart(5, '0')}`,
    username: `payer-${n}`,
    class: `L1:${subscriptionId}:${n.toString(16).padStart(16, '0')}:${n % 2 === 0 ? 'f' : 'g'}`,
    address: `10.${96 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`,
    startedAt_ms: Date.now(),
    up: 0,
    down: 0,
  };
  router.sessions.set(session.id, session);
  return { subscriptionId, msisdn: `2547${String(n).padStart(8, '0')}`, session, router };
}

/** All Starts, 50 at a time on each router. */
async function begin(routers: readonly BenchRouter[]): Promise<void> {
  await Promise.all(
    routers.map(async (router) => {
      const waiting = [...router.sessions.values()];
      const one = async (): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
          if (!(await router.report(next, 'Start'))) throw new Error(`the Start of ${next.username} was lost`);
      };
      await Promise.all(Array.from({ length: 50 }, one));
    }),
  );
}

/** The provider's own statement: what was truly paid. */
export function receiptsOf(daraja: SimulatedDaraja): StatementLine[] {
  return daraja.pushes.flatMap(({ truth, amount, reference }: Push) =>
    truth.kind === 'paid' ? [{ receipt: truth.receipt, amount_cents: BigInt(amount) * 100n, reference }] : [],
  );
}
