import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Balanced transfers a second through ledger_post, as the web role calls it, over several connections. */
export interface LedgerRate {
  what: string;
  transfers_per_s: number;
  /** Transactions a second, each with its own commit to disk. */
  commits_per_s: number;
  postgres_us_per_transfer: number;
}

export interface LedgerRates {
  rates: LedgerRate[];
  /** What `ledger_verify` and the independent sums found afterwards; nothing may. */
  faults: string[];
}

interface Kind {
  what: string;
  /** Transfers in one call. */
  batch: number;
  connections: number;
  /** All money comes in by one account of the company's, as a provider's does; otherwise it moves between wallets. */
  oneTill: boolean;
}

const WALLETS = 2_000;
const kinds: readonly Kind[] = [
  { what: 'one transfer a transaction, all through one till', batch: 1, connections: 16, oneTill: true },
  { what: 'one transfer a transaction, between wallets', batch: 1, connections: 16, oneTill: false },
  { what: '20 transfers a transaction, all through one till', batch: 20, connections: 4, oneTill: true },
  { what: '20 transfers a transaction, between wallets', batch: 20, connections: 4, oneTill: false },
];

/** Measures each kind for so many seconds on a company made for it. `cpu_ms` tells what Postgres has used so far. */
export async function measureLedger(
  ownerUrl: string,
  seconds: number,
  cpu_ms: () => number,
  progress: (line: string) => void,
): Promise<LedgerRates> {
  const owner = new Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    const { tenant, till, wallets } = await openBooks(owner);
    const rates: LedgerRate[] = [];
    let posted = 0;
    for (const kind of kinds) {
      const before_ms = cpu_ms();
      const begun = performance.now();
      const counts = await Promise.all(
        Array.from({ length: kind.connections }, (_, n) =>
          post({
            ownerUrl,
            tenant,
            till,
            wallets,
            kind,
            name: `${kinds.indexOf(kind)}-${n}`,
            until_ms: begun + seconds * 1_000,
          }),
        ),
      );
      const took_s = (performance.now() - begun) / 1_000;
      const commits = counts.reduce((sum, count) => sum + count, 0);
      posted += commits * kind.batch;
      await sleep(500);
      rates.push({
        what: kind.what,
        transfers_per_s: (commits * kind.batch) / took_s,
        commits_per_s: commits / took_s,
        postgres_us_per_transfer: ((cpu_ms() - before_ms) * 1_000) / (commits * kind.batch),
      });
      const last = rates.at(-1)!;
      progress(`ledger, ${last.what}: ${Math.round(last.transfers_per_s)} transfers/s`);
    }
    return { rates, faults: await booksFault(owner, tenant, posted) };
  } finally {
    await owner.end();
  }
}

async function openBooks(owner: Client): Promise<{ tenant: string; till: string; wallets: string[] }> {
  const made = await owner.query<{ id: string }>(
    `INSERT INTO tenant (name, slug, status) VALUES ('Bench of the ledger', 'bench-ledger', 'approved') RETURNING id::text`,
  );
  const tenant = made.rows[0]!.id;
  await owner.query(
    `INSERT INTO subscriber (tenant_id, name, phone) SELECT $1, 'Holder', '+2541' || lpad(n::text, 8, '0') FROM generate_series(1, ${WALLETS}) n`,
    [tenant],
  );
  await owner.query(`SELECT set_config('lango.tenant', $1, false)`, [tenant]);
  const till = await owner.query<{ id: string }>(`SELECT ledger_account_for('mpesa', 'KES')::text AS id`);
  const wallets = await owner.query<{ id: string }>(
    `SELECT ledger_account_for('wallet', 'KES', id)::text AS id FROM subscriber WHERE tenant_id = $1`,
    [tenant],
  );
  const books = { tenant, till: till.rows[0]!.id, wallets: wallets.rows.map((row) => row.id) };
  // Everybody has enough to give away.
  for (let from = 0; from < WALLETS; from += 100)
    await owner.query('SELECT count(*) FROM ledger_post($1::jsonb)', [
      JSON.stringify(
        books.wallets.slice(from, from + 100).map((credit) => ({
          key: `open:${credit}`,
          debit: books.till,
          credit,
          amount_cents: 1_000_000_000,
          kind: 'payment',
        })),
      ),
    ]);
  return books;
}

interface Poster {
  ownerUrl: string;
  tenant: string;
  till: string;
  wallets: readonly string[];
  kind: Kind;
  name: string;
  until_ms: number;
}

/** One connection that posts as fast as it is answered. Gives its commits. */
async function post(p: Poster): Promise<number> {
  const db = new Client({ connectionString: p.ownerUrl });
  await db.connect();
  try {
    await db.query('SET ROLE lango_web');
    await db.query(`SELECT set_config('lango.tenant', $1, false)`, [p.tenant]);
    let commits = 0;
    const any = (): string => p.wallets[Math.floor(Math.random() * p.wallets.length)]!;
    while (performance.now() < p.until_ms) {
      const transfers = Array.from({ length: p.kind.batch }, (_, n) => {
        const credit = any();
        let debit = p.kind.oneTill ? p.till : any();
        while (debit === credit) debit = any();
        return { key: `bench:${p.name}:${commits}:${n}`, debit, credit, amount_cents: 1 + (n % 7), kind: 'payment' };
      });
      await db.query({
        name: 'post',
        text: 'SELECT count(*) FROM ledger_post($1::jsonb)',
        values: [JSON.stringify(transfers)],
      });
      commits++;
    }
    return commits;
  } finally {
    await db.end();
  }
}

async function booksFault(owner: Client, tenant: string, posted: number): Promise<string[]> {
  const { rows } = await owner.query<{ fault: string }>('SELECT v::text AS fault FROM ledger_verify($1) v LIMIT 20', [
    tenant,
  ]);
  const count = await owner.query<{ transfers: string; entries: string; sum: string }>(
    `SELECT (SELECT count(*) FROM ledger_transfer WHERE tenant_id = $1 AND key LIKE 'bench:%') AS transfers,
       (SELECT count(*) FROM ledger_entry e JOIN ledger_transfer t ON t.id = e.transfer_id WHERE t.tenant_id = $1 AND t.key LIKE 'bench:%') AS entries,
       (SELECT sum(balance_cents) FROM ledger_account WHERE tenant_id = $1)::text AS sum`,
    [tenant],
  );
  const is = count.rows[0]!;
  const faults = rows.map((row) => row.fault);
  if (Number(is.transfers) !== posted || Number(is.entries) !== 2 * posted)
    faults.push(`${posted} transfers were answered, ${is.transfers} with ${is.entries} entries are in the books`);
  if (is.sum !== '0') faults.push(`the trial balance is ${is.sum}`);
  return faults;
}
