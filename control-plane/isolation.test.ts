import { Client } from 'pg';
import { furnish } from './test-kit/furnish';
import { startTestLango, type TestCompany, type TestLango } from './test-kit/lango';

/**
 * One company sees nothing of another, below the program: as the web role, with hand-written SQL, in every table, view, partition and function that the
 * database has. What is made tomorrow is asked without being added here.
 */
let lango: TestLango;
let mine: TestCompany;
let theirs: TestCompany;
let web: Client;
/** What the other company owns, by the words that arguments of functions are named with. */
let owned: Record<string, string>;
/** Words that stand in rows of the other company and nowhere else. */
let marks: string[];

beforeAll(async () => {
  lango = await startTestLango();
  mine = lango.company;
  theirs = await lango.addCompany('Kisumu Foreign Net');
  await furnish(lango, mine);
  const ids = await furnish(lango, theirs);
  const [found] = await lango.asOwner<Record<string, string>>(
    `UPDATE subscriber SET name = 'Zipporah Foreign', phone = '+254799000777', email = 'zipporah@foreign.example' WHERE id = $1
     RETURNING (SELECT username FROM subscription WHERE id = $2) AS username, (SELECT plan_version_id::text FROM subscription WHERE id = $2) AS version,
       (SELECT code FROM voucher WHERE tenant_id = $3 LIMIT 1) AS voucher, (SELECT min(id)::text FROM ledger_account WHERE tenant_id = $3) AS account`,
    [ids['clients'], ids['subscriptions'], theirs.tenantId.toString()],
  );
  await lango.asOwner(
    `UPDATE session_live SET framed_ip = '10.66.66.66', mac = 'F0:0D:F0:0D:F0:0D', username = $2, subscription_id = $3 WHERE radacctid = $1`,
    [ids['sessions'], found?.['username'], ids['subscriptions']],
  );
  // The strongest that one of theirs can be: a super admin of the installation, in their company and not in ours.
  await lango.asOwner('UPDATE staff SET is_super_admin = true WHERE id = $1', [theirs.staffId.toString()]);
  await lango.asOwner(
    `INSERT INTO request_error (at, tenant_id, fingerprint, name, message, stack, method, path, request_id)
     VALUES (now(), $1, 'f', 'Error', 'Zipporah Foreign could not be shown', '', 'GET', '/', 'r')`,
    [theirs.tenantId.toString()],
  );
  owned = {
    tenant: theirs.tenantId.toString(),
    staff: theirs.staffId.toString(),
    target: theirs.staffId.toString(),
    subscription: ids['subscriptions'] ?? '',
    subscriber: ids['clients'] ?? '',
    session: ids['sessions'] ?? '',
    nas: ids['routers'] ?? '',
    router: ids['routers'] ?? '',
    pool: ids['pools'] ?? '',
    endpoint: ids['webhooks'] ?? '',
    plan_version: found?.['version'] ?? '',
    username: found?.['username'] ?? '',
    account: found?.['account'] ?? '',
    voucher: found?.['voucher'] ?? '',
  };
  marks = [
    'Zipporah',
    '254799000777',
    'Kisumu Foreign',
    '10.66.66.66',
    'F0:0D',
    theirs.email,
    owned['username'] ?? '',
    owned['voucher'] ?? '',
  ];
  web = new Client({ connectionString: lango.db.urls.web });
  await web.connect();
}, 60_000);
afterAll(async () => {
  await web?.end();
  await lango?.stop();
});

const enter = (company: TestCompany | undefined) =>
  web.query(`SELECT set_config('lango.tenant', $1, false)`, [company?.tenantId.toString() ?? '']);

interface Relation {
  name: string;
  columns: string[];
}

/** Everything that has rows and that the web role may read, in part or whole. */
const relations = (): Promise<Relation[]> =>
  lango.asOwner<Relation>(
    `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege('lango_web', c.oid, a.attnum, 'SELECT')
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') GROUP BY c.relname ORDER BY 1`,
  );

/** The rows that the web role sees, as JSON text each. */
async function rowsOf({ name, columns }: Relation): Promise<string[]> {
  const listed = columns.map((column) => `"${column}"`).join();
  const { rows } = await web.query<{ row: string }>(
    `SELECT to_jsonb(x)::text AS row FROM (SELECT ${listed} FROM "${name}") x`,
  );
  return rows.map(({ row }) => row);
}

const isTheirs = (row: string): boolean =>
  row.includes(`"tenant_id": ${theirs.tenantId},`) ||
  row.includes(`"tenant_id": ${theirs.tenantId}}`) ||
  marks.some((mark) => row.includes(mark));

test('no table, view or partition shows a row of another company', async () => {
  const all = await relations();
  expect(all.length).toBeGreaterThan(60);
  let withRows = 0;
  const seen: Record<string, string[]> = {};
  for (const relation of all) {
    await enter(mine);
    const foreign = (await rowsOf(relation)).filter(isTheirs);
    if (foreign.length > 0) seen[relation.name] = foreign;
    await enter(theirs);
    if ((await rowsOf(relation)).some(isTheirs)) withRows += 1;
  }
  expect(seen).toEqual({});
  // The question was one: as themselves they see rows in most.
  expect(withRows).toBeGreaterThan(35);
}, 60_000);

test('without a company there is nothing at all, but what belongs to nobody', async () => {
  await enter(undefined);
  const seen: Record<string, string[]> = {};
  for (const relation of await relations()) {
    // Parts of the installation, strangers and words that are the same for all have no company.
    const companys = (await rowsOf(relation)).filter((row) => /"tenant_id": \d/.test(row) || isTheirs(row));
    if (companys.length > 0) seen[relation.name] = companys;
  }
  expect(seen).toEqual({});
}, 60_000);

interface Callable {
  name: string;
  args: { name: string; type: string }[];
}

/** Every function that the web role may call and that looks at something. */
const callables = (): Promise<Callable[]> =>
  lango.asOwner<Callable>(
    `SELECT p.proname AS name, coalesce((SELECT jsonb_agg(jsonb_build_object('name', coalesce(p.proargnames[n], ''), 'type', format_type(t, NULL)) ORDER BY n)
         FROM unnest(p.proargtypes) WITH ORDINALITY AS x (t, n)), '[]') AS args
     FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND p.provolatile <> 'i' AND p.prorettype <> 'trigger'::regtype
       AND has_function_privilege('lango_web', p.oid, 'EXECUTE') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
     ORDER BY 1`,
  );

/** Who is asked about: the other company, or nobody. */
type About = 'theirs' | 'nobody';
const nothing: Record<string, string> = { bigint: '999999999', text: 'nobody-at-all', inet: '203.0.113.254' };

function wordsOf(name: string, about: About): string {
  if (/mac|station/.test(name)) return about === 'theirs' ? 'F0:0D:F0:0D:F0:0D' : '00:00:5E:00:53:FF';
  // The word in the address of a company's public pages is everybody's.
  if (about === 'nobody' || name === 'p_slug') return nothing['text'] ?? '';
  if (/email/.test(name)) return theirs.email;
  if (/phone/.test(name)) return '254799000777';
  if (/code|typed/.test(name)) return owned['voucher'] ?? '';
  if (/text|name$/.test(name)) return owned['username'] ?? '';
  return 'suspended';
}

/** An argument by its name and type. Limits, moments and switches are the same whoever is asked about. */
function argumentOf({ name, type }: Callable['args'][number], of: string, about: About): unknown {
  switch (type) {
    case 'bigint': {
      if (/before|_us$|limit|cents|bytes/.test(name)) return null;
      const noun =
        Object.keys(owned).find((one) => new RegExp(`(^|_)${one}(_id)?$`).test(name)) ?? of.split('_')[0] ?? '';
      return about === 'nobody' ? nothing['bigint'] : (owned[noun] ?? owned['subscription']);
    }
    case 'bigint[]':
      return about === 'nobody' || name !== 'p_accounts' ? [nothing['bigint']] : [owned['account']];
    case 'inet':
      return about === 'nobody' ? nothing['inet'] : '10.66.66.66';
    case 'text':
      return /kind|reason|purpose|status|method|service|channel|provider|timezone|currency|request|agent|csrf|task|key|password|words|locale/.test(
        name,
      )
        ? 'suspended'
        : wordsOf(name, about);
    case 'timestamp with time zone':
      return new Date(Date.now() + (/from|since/.test(name) ? -86_400_000 : 0));
    case 'integer':
      return 50;
    case 'boolean':
      return false;
    case 'interval':
      return '1 hour';
    case 'bytea':
      return Buffer.alloc(32);
    case 'text[]':
      return ['subscriber', 'session', 'payment', 'voucher', 'router'];
    default:
      return '{}';
  }
}

/** What a call comes to: its rows or its refusal, with all numbers made one. Nothing of it stays. */
async function call({ name, args }: Callable, about: About): Promise<string> {
  await web.query('SAVEPOINT one');
  const places = args.map(({ type }, n) => `$${n + 1}::${type}`).join();
  try {
    const { rows } = await web.query<{ answer: string }>(
      `SELECT coalesce(jsonb_agg(to_jsonb(x)), '[]')::text AS answer FROM "${name}"(${places}) x`,
      args.map((arg) => argumentOf(arg, name, about)),
    );
    return rows[0]?.answer ?? '';
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  } finally {
    await web.query('ROLLBACK TO SAVEPOINT one');
  }
}

/**
 * Asked before it is known whose company it is, by something that only the right person has or that everybody may know: an e-mail at the door, a
 * secret.
 */
const beforeTheCompany = new Set([
  'hook_keep_open',
  'staff_code_wait',
  'staff_has_second_factor',
  'staff_login_failed',
  'staff_login_forgive',
  'staff_login_wait',
  'staff_password',
  'tenants_register',
]);

/** Refused, no rows, or rows that say nothing. */
const isNothing = (answer: string): boolean => /^(refused: .*|\[((null|false|0|""|\{\})(, )?)*\])$/s.test(answer);
const numberless = (answer: string): string => answer.replaceAll(/\d+/g, '#');

async function faultsAs(company: TestCompany | undefined): Promise<Record<string, string>> {
  const faults: Record<string, string> = {};
  await web.query('BEGIN');
  await enter(company);
  for (const one of await callables()) {
    if (beforeTheCompany.has(one.name)) continue;
    const [about, none] = [await call(one, 'theirs'), await call(one, 'nobody')];
    const asksAbout = one.args.some(
      (arg) =>
        JSON.stringify(argumentOf(arg, one.name, 'theirs')) !== JSON.stringify(argumentOf(arg, one.name, 'nobody')),
    );
    if (isNothing(about)) continue;
    if (isTheirs(about)) faults[one.name] = `shows ${about.slice(0, 300)}`;
    else if (asksAbout && numberless(about) !== numberless(none))
      faults[one.name] = `${about.slice(0, 200)}, where nobody gives ${none.slice(0, 200)}`;
  }
  await web.query('ROLLBACK');
  return faults;
}

test('a function answers about another company as about nobody', async () => {
  expect(await faultsAs(mine)).toEqual({});
}, 60_000);

test('a function answers about a company as about nobody while none is set', async () => {
  expect(await faultsAs(undefined)).toEqual({});
}, 60_000);

test('the questions were ones: their own company gets answers to many', async () => {
  expect(Object.keys(await faultsAs(theirs)).length).toBeGreaterThan(12);
}, 60_000);
