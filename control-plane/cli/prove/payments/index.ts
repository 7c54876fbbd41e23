import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { receiptsOf, settleTown, startProvider, type Payer, type PaymentTown } from '../../bench/payments/town';
import { differences, noteBefore } from '../../bench/payments/verify';
import { Dice } from '../dice';
import { startProduct, type Product } from '../product';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import { faultOf, scenarioOf } from './fate';
import { Killer } from './killer';

/** Prompts asked for at once, as people at their phones and staff at tills do. */
const AT_ONCE = 12;
/** Sessions are taken for dead after three intervals of five minutes. */
const REPORT_EVERY_MS = 120_000;
/** People named as missing something. */
const MISSING_TOLD = 20;
/** Nothing more goes wrong: everything about every payment is known after so long. */
const PATIENCE_MS = 300_000;

/** Money by M-Pesa while processes and the provider fail. */
export const payments: Proof = {
  name: 'payments',
  shows:
    'kill -9 of web, jobs and Postgres at random during payments, at a provider that is late, silent, wrong and repeats itself: ledger and statement are equal, every payer is online, none was credited twice',
  minutes: 0,
  run: provePayments,
};

async function provePayments(input: ProofInput): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const small = input.size === 'small';
  const size = small ? { payers: 120, routers: 2 } : { payers: 10_000, routers: 50 };
  const daraja = await startProvider();
  daraja.rowsPerPage = 500;
  let [product, db, town]: [Product?, Client?, PaymentTown?] = [];
  try {
    product = await startProduct({ LANGO_DARAJA_URL: daraja.baseUrl, LANGO_PUBLIC_URL: 'http://isp.example' });
    db = new Client({ connectionString: product.ownerUrl });
    await db.connect();
    // It is killed too; whoever needs it afterwards opens another.
    db.on('error', () => undefined);
    town = await settleTown(product, db, daraja, size);
    // Half an hour of payments, and the clock is moved on at the end: a session that does not report would be closed, and nobody is told what was paid for it.
    town.keepReporting(REPORT_EVERY_MS);
    await noteBefore(product.ask.bind(product));
    input.progress(`${size.payers} people are online; they pay now`);
    const fates = new Map<string, number>();
    const fatesDice = dice.fork();
    for (const payer of town.payers) {
      const { name, scenario } = scenarioOf(fatesDice);
      fates.set(name, (fates.get(name) ?? 0) + 1);
      daraja.script(scenario, payer.msisdn);
    }
    const killer = new Killer(product, dice.fork(), small, (line) => input.progress(line));
    await payAll(product, town, dice.fork(), (done) => {
      if (done % 500 === 0) input.progress(`${done} of ${size.payers} asked for, ${killer.total} kills`);
      return killer.until(small ? (done / size.payers) * 3 : Infinity);
    });
    await killer.end();
    await product.ready();
    input.progress('nothing more is killed; what is open must come to its end');
    const took_s = await comeToAnEnd(product, town, violations);
    const paid = receiptsOf(daraja);
    const settled = new Set(paid.map((line) => line.reference));
    const orders = await ordersOf(product);
    violations.expect('orders, one for each who pays', orders.length, size.payers);
    const unpaid = orders.filter((reference) => !settled.has(reference));
    for (const text of await differences(product.ask.bind(product), { paid, unpaid, unknownCalls: true }))
      violations.add(text);
    return {
      done: {
        'orders asked for': orders.length,
        'paid at the provider': paid.length,
        'never paid': unpaid.length,
        kills: killer.told(),
        'what phones and network did': [...fates].map(([name, n]) => `${name} ${n}×`).join(', '),
        'prompts that the provider met with a fault': daraja.faultsMet,
        'credited by': await waysOf(product),
        'seconds from the last kill to the end': took_s,
      },
      violations: violations.found,
    };
  } finally {
    await db?.end().catch(() => undefined);
    await town?.close();
    await product?.stop();
    await daraja.stop();
  }
}

/** The names of all orders, as customers saw them. An answer may have the receipt instead, where the money was faster. */
async function ordersOf(product: Product): Promise<string[]> {
  const rows = await product.ask<{ ref: string }>(
    'SELECT account_ref AS ref FROM payment WHERE account_ref IS NOT NULL',
  );
  return rows.map(({ ref }) => ref);
}

/** Asks for everybody's payment, again until it is answered: a process that dies takes its answer with it. */
async function payAll(product: Product, town: PaymentTown, dice: Dice, each: (done: number) => void): Promise<void> {
  const waiting = [...town.payers.entries()];
  let done = 0;
  const till = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const met = faultOf(dice);
      if (met) town.daraja.failNext(met);
      await pay(product, next[1], next[0]);
      each((done += 1));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, till));
}

async function pay(product: Product, payer: Payer, n: number): Promise<void> {
  const body = { subscription_id: payer.subscriptionId, phone: `+${payer.msisdn}`, provider: 'mpesa' };
  for (let tries = 0; tries < 600; tries++) {
    const answer = await product.api
      .post('/billing/payments', body, { 'idempotency-key': `proof-${n}` })
      .catch(() => undefined);
    if (answer?.status === 201) return;
    await sleep(200);
  }
  throw new Error(`the payment of ${payer.session.username} got no answer within two minutes`);
}

/** Has the provider's own list read now, and what is due done: the jobs do both by themselves, minutes later. */
export async function readStatement(product: Product): Promise<void> {
  await product.ask(
    `SELECT job_enqueue('payments.work'), job_enqueue('payments.list', json_build_object('tenant', tenant_id::text, 'provider', provider, 'hours', 2), NULL, 'payments.list:proof') FROM payment_provider`,
  );
}

interface Standing {
  open: number;
  /** Who has paid and is without something. */
  missing: { username: string; text: string }[];
}

/**
 * Moves the clock on, so that what the provider is asked about minutes later is asked now, and has its list read, until the books hold what it says and
 * the network was told of everybody who paid. Gives the seconds it took.
 */
async function comeToAnEnd(product: Product, town: PaymentTown, violations: Violations): Promise<number> {
  const began = Date.now();
  let now: Standing;
  for (let round = 1; ; round++) {
    // The first minutes after a prompt, once; a claim of a process that died falls free in real time.
    await product.ask(`UPDATE platform_clock SET shift = make_interval(mins => $1)`, [Math.min(round * 2, 20)]);
    await product.ask('NOTIFY lango_clock');
    await readStatement(product);
    await sleep(2_000);
    now = await standing(product, town);
    if (now.open === 0 && now.missing.length === 0) break;
    if (Date.now() - began > PATIENCE_MS) break;
  }
  if (now.open > 0)
    violations.add(`${now.open} payments that were paid are not in the books at the end of all patience`);
  // What is missing must not push out what else is wrong: the books are looked at after this.
  for (const { username, text } of now.missing.slice(0, MISSING_TOLD))
    violations.add(`${text} (${await knownOf(product, username)})`);
  const more = now.missing.length - MISSING_TOLD;
  if (more > 0) violations.add(`… and ${more} more like these`);
  return Math.round((Date.now() - began) / 1_000);
}

async function standing(product: Product, town: PaymentTown): Promise<Standing> {
  const receipts = receiptsOf(town.daraja);
  const [row] = await product.ask<{ open: number }>(
    `SELECT count(*)::int AS open FROM unnest($1::text[]) r (receipt) WHERE NOT EXISTS (SELECT FROM payment p WHERE p.receipt = r.receipt AND p.state = 'settled')`,
    [receipts.map((line) => line.receipt)],
  );
  const states = new Map(
    (
      await product.ask<{ id: string; state: string }>(
        `SELECT n.id::text, n.state FROM subscription_now n JOIN payment p ON p.subscription_id = n.id WHERE p.account_ref = ANY ($1)`,
        [receipts.map((line) => line.reference)],
      )
    ).map((one) => [one.id, one.state]),
  );
  const missing = town.payers.flatMap(({ subscriptionId, session }) => {
    const state = states.get(subscriptionId);
    if (state === undefined) return [];
    const { username } = session;
    if (state !== 'active') return [{ username, text: `${username} has paid and is ${state}` }];
    return session.toldAt_ms === undefined
      ? [{ username, text: `${username} has paid and the network was not told` }]
      : [];
  });
  return { open: row?.open ?? -1, missing };
}

/** What Lango knows of somebody's session, payment and orders to the network: for whoever looks into a violation. */
async function knownOf(product: Product, username: string): Promise<string> {
  const [row] = await product.ask<{ known: string }>(
    `SELECT concat_ws(', ', 'now ' || lango_now()::time(0),
       (SELECT string_agg(z.step || ' ' || z.at::time(0), ', ' ORDER BY z.id) FROM payment_step z JOIN payment p ON p.id = z.payment_id WHERE p.subscription_id = s.id),
       (SELECT string_agg(concat_ws(' ', 'session', coalesce('closed by ' || l.closed_by, 'open'), 'heard', l.received_at::time(0)), ', ') FROM session_live l WHERE l.subscription_id = s.id),
       (SELECT string_agg(concat_ws(' ', e.kind, e.state, e.proven_by, e.created_at::time(0)), ', ' ORDER BY e.id) FROM enforcement e WHERE e.subscription_id = s.id)) AS known
     FROM subscription s WHERE s.username = $1`,
    [username],
  );
  return row?.known ?? 'unknown';
}

/** By which way the books heard of the money first. */
async function waysOf(product: Product): Promise<string> {
  const rows = await product.ask<{ step: string; n: number }>(
    `SELECT step, count(*)::int AS n FROM (
       SELECT DISTINCT ON (s.payment_id) s.step FROM payment_step s JOIN payment p ON p.id = s.payment_id AND p.state = 'settled'
       WHERE s.step IN ('called_back', 'confirmed', 'listed', 'asked') AND s.id < (SELECT min(z.id) FROM payment_step z WHERE z.payment_id = s.payment_id AND z.step = 'settled')
       ORDER BY s.payment_id, s.id DESC) w GROUP BY 1 ORDER BY 2 DESC`,
  );
  return rows.map(({ step, n }) => `${step} ${n}×`).join(', ');
}
