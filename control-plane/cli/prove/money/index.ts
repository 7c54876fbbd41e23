import { Client } from 'pg';
import { startTestLango, type TestLango } from '../../../test-kit/lango';
import { make, makeClient, makePackage } from '../../../test-kit/story';
import { Dice } from '../dice';
import { Violations, type Proof, type ProofInput, type ProofResult } from '../proof';
import { proofDatabase } from '../proof-database';
import { recount, type Booked } from './oracle';
import { post, type Order, type Posted } from './post';

const DAY_S = 86_400;
const methods = ['cash', 'bank', 'cheque'] as const;
const accounts = { cash: 'cash', bank: 'bank', cheque: 'cheques' } as const;

/** Random payments, repeated receipts, renewals and extensions at once, while connections to the database are cut. */
export const money: Proof = {
  name: 'money',
  shows:
    'concurrent payments and renewals are each done once, as if one after the other, and the ledger balances to the cent',
  minutes: 2,
  run: async (input) => {
    const db = await proofDatabase();
    try {
      return await proveMoney(input, () => startTestLango({ db }));
    } finally {
      await db.drop();
    }
  },
};

/** The same on a Lango that `start` gives. Small: one round. */
export async function proveMoney(input: ProofInput, start: () => Promise<TestLango>): Promise<ProofResult> {
  const dice = new Dice(input.seed);
  const violations = new Violations();
  const done = { rounds: 0, orders: 0, 'sent again after a fault': 0, payments: 0, purchases: 0, 'connections cut': 0 };
  const lango = await start();
  const owner = new Client({ connectionString: lango.db.ownerUrl });
  await owner.connect();
  try {
    const end = Date.now() + input.minutes * 60_000;
    do {
      done.rounds++;
      const buyers = await moveIn(lango, dice);
      const orders = makeOrders(buyers, dice, input.size === 'small' ? 100 : 600, done.rounds);
      const cutter = cutConnections(owner, dice.fork(), done);
      const posted = await atOnce(lango, orders, 12);
      await cutter.stop();
      done.orders += orders.length;
      done['sent again after a fault'] += posted.filter((one) => one.sends > 1).length;
      answersAgree(posted, violations);
      for (const buyer of buyers) done.purchases += await buyerAgrees(owner, buyer, posted, violations);
      done.payments += await booksAgree(owner, posted, done.rounds, violations);
      input.progress(`${done.orders} orders, ${done.payments} payments`);
    } while (input.size === 'full' && Date.now() < end && violations.found.length === 0);
    return { done, violations: violations.found };
  } finally {
    await owner.end();
    await lango.stop();
  }
}

interface Buyer {
  clientId: string;
  subscriptions: { id: string; price_cents: number; expires_s: number }[];
}

/** Clients with one or two running subscriptions that draw on one wallet. */
async function moveIn(lango: TestLango, dice: Dice): Promise<Buyer[]> {
  const buyers: Buyer[] = [];
  for (let i = 0; i < 6; i++) {
    const client = await makeClient(lango.api);
    const buyer: Buyer = { clientId: String(client['id']), subscriptions: [] };
    for (let n = dice.between(1, 2); n > 0; n--) {
      const price_cents = dice.between(1, 3) * 5000;
      const sold = await makePackage(lango.api, { price_cents });
      const made = await make(lango.api, '/subscriptions', {
        client_id: buyer.clientId,
        package_id: String(sold['id']),
        username: `buyer-${dice.seed}-${buyer.clientId}-${n}`,
        password: 'open-sesame',
      });
      const active = await lango.api.post<{ expires_at: string }>(`/subscriptions/${made['id']}/activate`);
      buyer.subscriptions.push({
        id: String(made['id']),
        price_cents,
        expires_s: Date.parse(active.body.expires_at) / 1000,
      });
    }
    buyers.push(buyer);
  }
  return buyers;
}

/** Payments of all sizes, some receipts posted twice, some requests repeated under their key, renewals and extensions. */
function makeOrders(buyers: readonly Buyer[], dice: Dice, count: number, round: number): Order[] {
  const orders: Order[] = [];
  for (let i = 0; orders.length < count; i++) {
    const subscription = dice.pick(dice.pick(buyers).subscriptions);
    const path = `/subscriptions/${subscription.id}`;
    const key = `key-${round}-${i}`;
    const what = dice.pick(['renew', 'extend', ...Array<'pay'>(8).fill('pay')] as const);
    if (what === 'renew') orders.push({ path: `${path}/renew`, body: {}, key });
    else if (what === 'extend')
      orders.push({ path: `${path}/extend`, body: { count: dice.between(1, 3), unit: 'day' }, key });
    else {
      const reference = `r${round}-${i}`;
      const body = {
        subscription_id: subscription.id,
        amount_cents: dice.chance(0.3) ? subscription.price_cents : dice.between(1, 40_000),
        method: dice.pick(methods),
        reference,
      };
      const order: Order = { path: '/billing/transactions', body, reference, ...(dice.chance(0.5) ? { key } : {}) };
      orders.push(order);
      // The same receipt from a second till, or the same request sent twice.
      if (dice.chance(0.2)) orders.push(dice.chance(0.5) ? { ...order, key: `${key}-b` } : order);
    }
  }
  return dice.shuffled(orders);
}

/** So many orders under way at a time. */
async function atOnce(lango: TestLango, orders: readonly Order[], width: number): Promise<Posted[]> {
  const waiting = [...orders];
  const posted: Posted[] = [];
  const till = async (): Promise<void> => {
    for (let order = waiting.shift(); order; order = waiting.shift()) posted.push(await post(lango.api, order));
  };
  await Promise.all(Array.from({ length: width }, till));
  return posted;
}

/** Now and then a connection of the web part is cut in the middle of whatever it does. */
function cutConnections(owner: Client, dice: Dice, done: { 'connections cut': number }): { stop(): Promise<void> } {
  let over = false;
  const work = (async () => {
    while (!over) {
      await new Promise((resolve) => setTimeout(resolve, dice.between(100, 400)));
      const { rowCount } = await owner.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND usename LIKE '%web' LIMIT 1`,
      );
      done['connections cut'] += rowCount ?? 0;
    }
  })();
  return {
    stop: async () => {
      over = true;
      await work;
    },
  };
}

/** Each answer is one that its order may get. */
function answersAgree(posted: readonly Posted[], violations: Violations): void {
  for (const { order, status, body } of posted) {
    const paid = order.reference !== undefined;
    const code = body.error?.code;
    const good = paid ? status === 201 || (status === 409 && code === 'duplicate_reference') : status === 200;
    if (!good)
      violations.add(`POST ${order.path} ${JSON.stringify(order.body)} answered ${status} ${JSON.stringify(body)}`);
  }
}

/** One client: payments in the order of the wallet, the time bought, and who was served first. Gives the purchases. */
async function buyerAgrees(
  owner: Client,
  buyer: Buyer,
  posted: readonly Posted[],
  violations: Violations,
): Promise<number> {
  const { rows } = await owner.query<Booked & { subscription_id: string }>(
    `SELECT p.reference, p.amount_cents::float8, p.outcome, p.applied_cents::float8, p.subscription_id::text, v.price_cents::float8,
       (SELECT e2.balance_cents FROM ledger_entry e2 JOIN ledger_transfer t2 ON t2.id = e2.transfer_id
        WHERE e2.account_id = e.account_id AND t2.payment_id = p.id ORDER BY e2.account_version DESC LIMIT 1)::float8 AS balance_cents
     FROM payment p JOIN ledger_transfer t ON t.payment_id = p.id AND t.kind = 'payment'
     JOIN ledger_entry e ON e.transfer_id = t.id AND e.account_id = t.credit_account_id
     JOIN subscription s ON s.id = p.subscription_id JOIN plan_version v ON v.id = s.plan_version_id
     WHERE p.subscriber_id = $1 ORDER BY e.account_version`,
    [buyer.clientId],
  );
  const counted = recount(rows);
  for (const fault of counted.faults) violations.add(`client ${buyer.clientId}: ${fault}`);
  servedInOrder(rows, posted, violations);
  for (const subscription of buyer.subscriptions) {
    const bought = rows.filter((row) => row.subscription_id === subscription.id && row.outcome === 'renewed').length;
    const path = `/subscriptions/${subscription.id}`;
    const renewed = posted.filter((one) => one.order.path === `${path}/renew`).length;
    const days = posted
      .filter((one) => one.order.path === `${path}/extend`)
      .reduce((sum, one) => sum + Number(one.order.body['count']), 0);
    const now = await owner.query<{ expires_s: number; cycle_no: number }>(
      'SELECT extract(epoch FROM expires_at)::float8 AS expires_s, cycle_no FROM subscription WHERE id = $1',
      [subscription.id],
    );
    const bought_s = (now.rows[0]?.expires_s ?? 0) - subscription.expires_s;
    violations.expect(
      `subscription ${subscription.id}: days added`,
      Math.round(bought_s * 1000) / 1000 / DAY_S,
      bought + renewed + days,
    );
    violations.expect(`subscription ${subscription.id}: cycles`, now.rows[0]?.cycle_no ?? 0, 1 + bought + renewed);
  }
  return counted.purchases;
}

/** What was answered before something else was asked for stands before it in the books. */
function servedInOrder(rows: readonly Booked[], posted: readonly Posted[], violations: Violations): void {
  const times = new Map<string, { sent_ms: number; answered_ms: number }>();
  for (const { order, sent_ms, answered_ms, status } of posted)
    if (order.reference !== undefined && status === 201 && !times.has(order.reference))
      times.set(order.reference, { sent_ms, answered_ms });
  let latestSent = -Infinity;
  for (const { reference } of rows) {
    const time = times.get(reference);
    if (!time) continue;
    if (time.answered_ms < latestSent)
      violations.add(`${reference} was answered before another was sent and is booked after it`);
    latestSent = Math.max(latestSent, time.sent_ms);
  }
}

/** Every receipt of the round is in the books once, the tills hold what was taken, and the ledger verifies. */
async function booksAgree(
  owner: Client,
  posted: readonly Posted[],
  round: number,
  violations: Violations,
): Promise<number> {
  const receipts = new Map(
    posted.flatMap(({ order }) => (order.reference === undefined ? [] : [[order.reference, order.body] as const])),
  );
  const { rows } = await owner.query<{ reference: string; method: string; amount: number; n: number }>(
    `SELECT p.reference, p.method, p.amount_cents::float8 AS amount, count(t.id)::int AS n FROM payment p
     LEFT JOIN ledger_transfer t ON t.payment_id = p.id AND t.kind = 'payment' WHERE p.reference LIKE $1 GROUP BY p.id`,
    [`r${round}-%`],
  );
  violations.expect('receipts booked', rows.length, receipts.size);
  for (const row of rows) {
    const body = receipts.get(row.reference);
    violations.expect(
      `receipt ${row.reference}`,
      `${row.method} ${row.amount} ${row.n}×`,
      `${body?.['method']} ${body?.['amount_cents']} 1×`,
    );
  }
  for (const method of methods) {
    const { rows: tills } = await owner.query<{ balance: number; taken: number }>(
      `SELECT coalesce((SELECT -sum(balance_cents) FROM ledger_account WHERE code = $1), 0)::float8 AS balance,
              coalesce((SELECT sum(amount_cents) FROM payment WHERE method = $2), 0)::float8 AS taken`,
      [accounts[method], method],
    );
    violations.expect(`cents in ${accounts[method]}`, tills[0]?.balance ?? -1, tills[0]?.taken ?? -2);
  }
  const faults = await owner.query<{ fault: string }>('SELECT v::text AS fault FROM ledger_verify() v');
  for (const { fault } of faults.rows) violations.add(`the ledger: ${fault}`);
  return rows.length;
}
