import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../test-kit/database';
import { insertCompany } from '../test-kit/rows';

/**
 * Statements of accounting and enforcement are planned once for each connection, often over tables that are empty or hold nothing that is open.
 * Such a plan must look rows up by their keys all the same: one that walks a table or a whole index is as good while it is made, and takes the
 * square of a batch in the storm that follows.
 */

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Plans?: PlanNode[];
}

/** Tables that fill faster than the server's upkeep looks at them. */
const FAST =
  /^(session_live|session_closed.*|usage_cycle|usage_hour.*|enforcement|enforcement_attempt|subscription|ledger_transfer|ledger_account)$/;
/** A key that begins with the company alone is all that the company has. */
const WHOLE_KEY: Record<string, RegExp> = {
  ledger_transfer: /key = |(?<!_)id = /,
  ledger_account: /code = |(?<!_)id = /,
};
/** Questions about everything that is open: they are meant to walk an index of just that. */
const WALKS = [/EXISTS \(SELECT 1 FROM enforcement WHERE state = 'open'\)/, /WITH RECURSIVE waiting/, /min\(/];

let database: TestDatabase;
let db: Client;
let walked: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  db = new Client({ connectionString: database.ownerUrl });
  await db.connect();
  await db.query('VACUUM ANALYZE session_live, session_closed, usage_cycle, usage_hour, enforcement, subscription');
  // As the listener's connections are (radius/accounting/store.ts); each plan that is run comes back as a notice.
  await db.query(`SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;
    LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_level = notice; SET auto_explain.log_format = json`);
  db.on('notice', ({ message }) => {
    const at = message?.indexOf('{') ?? -1;
    if (message === undefined || at < 0) return;
    const plan = JSON.parse(message.slice(at)) as { 'Query Text': string; Plan: PlanNode };
    const text = plan['Query Text'].replace(/\s+/g, ' ');
    plans += 1;
    for (const scan of scansWithoutKey(plan.Plan))
      if (!WALKS.some((walk) => walk.test(text))) walked.push(`${scan}: ${text}`);
  });
});
afterAll(async () => {
  await db.end();
  await database.drop();
});
beforeEach(() => {
  walked = [];
  plans = 0;
});
let plans = 0;

/** What a statement trigger is given has no index: joined from the inside, each row is held against each. */
function rowsAgainstRows(node: PlanNode): string[] {
  const inner = node['Node Type'] === 'Nested Loop' ? node.Plans?.[1] : undefined;
  const rows = inner?.['Node Type'] === 'Materialize' ? inner.Plans?.[0] : inner;
  return rows?.['Node Type'] === 'Named Tuplestore Scan' ? ['rows of a trigger against rows'] : [];
}

/** Scans of fast tables that are given no key to look up, in this plan. */
function scansWithoutKey(node: PlanNode): string[] {
  const table = node['Relation Name'];
  // A bitmap of rows is made by the scans below it.
  const keys = [node, ...(node['Node Type'] === 'Bitmap Heap Scan' ? (node.Plans ?? []) : [])].map(
    (one) => one['Index Cond'] ?? '',
  );
  const own =
    table !== undefined &&
    FAST.test(table) &&
    node['Node Type'].includes('Scan') &&
    !keys.some((key) => (WHOLE_KEY[table] ?? /./).test(key))
      ? [`${node['Node Type']} of ${table} by ${node['Index Name'] ?? 'nothing'} ${keys.join(' ')}`]
      : [];
  return [...own, ...rowsAgainstRows(node), ...(node.Plans ?? []).flatMap(scansWithoutKey)];
}

const details = (name: string): string =>
  ['1', '1', 'f', name, '', '10.0.0.1', ...Array(7).fill(''), 'ppp'].concat(Array(8).fill('')).join('\u001f');

/** A batch of two packets of one kind, as the listener sends it: together, or each by itself. */
function batch(kind: number, at_ms: number, st: number | null, each = false): Promise<unknown> {
  const both = <T>(value: T): T[] => [value, value];
  return db.query(
    'SELECT * FROM accounting_apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)',
    [
      both(1),
      ['81000001', '81000002'],
      both(kind),
      both(at_ms),
      both(at_ms),
      both(7),
      both(st),
      both(st),
      both(st),
      both(null),
      [1, 2],
      both(null),
      both('1M/2M'),
      both(null),
      both(null),
      [details('a'), details('b')],
      each,
    ],
  );
}

test.each([
  [
    'Starts, interims and Stops',
    async () => {
      const now_ms = Date.now();
      await batch(1, now_ms - 60_000, null);
      await batch(3, now_ms - 30_000, 30);
      await batch(2, now_ms, 60);
    },
  ],
  [
    'packets that are looked up each by itself',
    async () => {
      const now_ms = Date.now();
      await batch(3, now_ms - 30_000, 30, true);
      await batch(2, now_ms, 60, true);
      await batch(3, now_ms - 3_600_000, 10, true);
    },
  ],
  [
    'usage',
    async () => {
      for (const earlier of ['0 hours', '1 hour'])
        await db.query(
          `SELECT accounting_count_usage('{1,2}', '{1,1}', ARRAY[now() - $1::interval, now()], '{1,2}', '{3,4}', '{5,6}')`,
          [earlier],
        );
    },
  ],
  [
    'what a Start sets going',
    () =>
      db.query(
        `SELECT accounting_greet('{1,2}', '{NULL,NULL}'), accounting_greet('{1,2}', ARRAY[now(), now()]), accounting_limit_sessions(1, 1)`,
      ),
  ],
  ['sessions that end without a Stop', () => db.query(`SELECT accounting_close('{1,2}', 'stale', now())`)],
  [
    'rows for the enforcer',
    () =>
      db.query(
        `SELECT enforce_subscriptions('{1,2}', 'expired'), enforce_subscriptions('{1,2}', 'username_changed'),
           enforcement_open('{1,2}', '{cut,cut}', '{expired,expired}', '{}')`,
      ),
  ],
  [
    'proofs',
    () =>
      db.query(`SELECT enforcement_prove_closed('{1,2}'), enforcement_prove_reported('{1}', '{1M/2M}', ARRAY[now()], '{false}'),
     accounting_settle('{1}', '{1}', '{1}', ARRAY[now()], '{1}', '{1}', '{1}', '{1M/2M}', '{true}')`),
  ],
  [
    'claims and outcomes',
    () =>
      db.query(`SELECT enforcement_claim('x', 10, 256, 8, '{1}', '{8}', now()),
     enforcement_record('[{"id": 1, "instance": "x", "due": "2026-01-01", "wait_s": 1}]')`),
  ],
  [
    'ends of validity, hours and time online',
    () => db.query(`SELECT enforce_expired(200), enforce_rules(200), subscription_arm_online('{1}')`),
  ],
  ['the sweep', () => db.query('SELECT enforcement_sweep()')],
  [
    'a go of payments',
    async () => {
      // As the connections of the web have it.
      await db.query('RESET enable_hashjoin; RESET enable_mergejoin; RESET enable_seqscan; RESET plan_cache_mode');
      await db.query(`SELECT set_config('lango.tenant', $1, false)`, [await insertCompany(db, 'Umoja')]);
      await db.query(`SELECT payment_hold('{a,b}', '{1,2}', '{1,2}', '{R,""}')`);
      await db.query(`SELECT ledger_post(jsonb_build_array(jsonb_build_object('key', 'a', 'debit', ledger_account_for('mpesa', 'KES'), 'credit', ledger_account_for('suspense', 'KES'),
        'amount_cents', 100, 'kind', 'payment')))`);
    },
  ],
])('%s: rows are found by their keys also by a plan made while there were none', async (_what, work) => {
  await work();
  expect(plans).toBeGreaterThan(0);
  expect(walked).toEqual([]);
});
