import { Client } from 'pg';
import { furnish } from '../../test-kit/furnish';
import { startTestLango, type TestCompany, type TestLango } from '../../test-kit/lango';

/** Stands in everything that the other company owns and a person could read: wherever it is seen, something leaked. */
const MARK = 'zebramark';
const PHONE = '+254799999001';

let lango: TestLango;
let theirs: TestCompany;
let ids: Record<string, string>;
let web: Client;

beforeAll(async () => {
  lango = await startTestLango();
  await furnish(lango, lango.company);
  theirs = await lango.addCompany(MARK);
  ids = await furnish(lango, theirs);
  for (const [table, column] of [
    ['subscriber', 'name'],
    ['subscription', 'username'],
    ['nas', 'name'],
    ['plan', 'name'],
    ['staff', 'name'],
    ['session_live', 'username'],
    ['audit_event', 'actor_name'],
    ['certificate', 'name'],
    ['radcheck', 'username'],
    ['payment', 'reference'],
  ])
    await lango.asOwner(`UPDATE ${table} SET ${column} = '${MARK}_${table}' WHERE tenant_id = ${theirs.tenantId}`);
  await lango.asOwner(`UPDATE subscriber SET phone = '${PHONE}' WHERE tenant_id = ${theirs.tenantId}`);
  web = new Client({ connectionString: lango.db.urls.web });
  await web.connect();
});
afterAll(async () => {
  await web?.end();
  await lango?.stop();
});

const enter = (company: TestCompany | undefined) =>
  web.query(`SELECT set_config('lango.tenant', $1, false)`, [company?.tenantId.toString() ?? '']);

interface Relation {
  name: string;
  kind: string;
  of_tenant: boolean;
  columns: string[];
}

/** Every table, view and partition of which the web role may read a column, with the columns that it may. */
const readable = (): Promise<Relation[]> =>
  lango.asOwner<Relation>(
    `SELECT c.relname AS name, c.relkind::text AS kind, bool_or(a.attname = 'tenant_id') AS of_tenant,
       array_agg(quote_ident(a.attname)) FILTER (WHERE has_column_privilege('lango_web', c.oid, a.attnum, 'SELECT')) AS columns
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'p', 'v', 'm') AND has_any_column_privilege('lango_web', c.oid, 'SELECT') GROUP BY c.oid ORDER BY 1`,
  );

const marked = async ({ name, columns }: Relation): Promise<number> => {
  const { rows } = await web.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM (SELECT ${columns.join(', ')} FROM ${name}) t WHERE to_jsonb(t)::text LIKE '%${MARK}%'`,
  );
  return rows[0]?.n ?? 0;
};

test('no table, view or partition shows a company a word of another, and none shows anything where no company is set', async () => {
  const relations = await readable();
  expect(relations.filter(({ kind }) => kind === 'v').length).toBeGreaterThan(3);
  const seen: Record<string, number> = {};
  for (const relation of relations) {
    await enter(theirs);
    seen[relation.name] = await marked(relation);
    await enter(lango.company);
    expect({ relation: relation.name, marked: await marked(relation) }).toEqual({ relation: relation.name, marked: 0 });
    await enter(undefined);
    expect({ relation: relation.name, marked: await marked(relation) }).toEqual({ relation: relation.name, marked: 0 });
    if (!relation.of_tenant || relation.name === 'staff_role') continue;
    const { rows } = await web.query(`SELECT ${relation.columns.join(', ')} FROM ${relation.name} LIMIT 1`);
    expect({ relation: relation.name, rows }).toEqual({ relation: relation.name, rows: [] });
  }
  // What is looked for is there: its own company sees it.
  for (const name of [
    'subscriber',
    'subscription_now',
    'nas',
    'session_all',
    'radacct',
    'plan',
    'audit_event',
    'payment',
  ])
    expect({ name, seen: (seen[name] ?? 0) > 0 }).toEqual({ name, seen: true });
});

interface Routine {
  call: string;
  names: string[];
  types: string[];
}

/** Every function that the web role may execute and that gives something back; each takes what its types take. */
const routines = (): Promise<Routine[]> =>
  lango.asOwner<Routine>(
    `SELECT p.proname AS call, coalesce((p.proargnames)[1:p.pronargs], '{}') AS names,
       ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, i) ORDER BY i) AS types
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname = 'public'
     WHERE has_function_privilege('lango_web', p.oid, 'EXECUTE') AND p.prokind = 'f' AND p.provolatile <> 'i' AND p.prorettype NOT IN ('trigger'::regtype, 'void'::regtype)
     ORDER BY p.proname, p.oid`,
  );

/** What is tried in the place of an argument: whatever of the other company such an argument could name. */
function tries(type: string, name: string): unknown[] {
  if (/tenant/.test(name)) return [theirs.tenantId.toString()];
  switch (type) {
    case 'bigint':
      return [...new Set([theirs.tenantId.toString(), ...Object.values(ids)])];
    case 'text':
    case 'character varying':
      return [`${MARK}_subscription`, `${MARK}_subscriber`, `${MARK}_nas`, PHONE, '799999001', '', '127.0.0.1'];
    case 'integer':
      return [50];
    case 'boolean':
      return [true];
    case 'inet':
      return ['127.0.0.1'];
    case 'interval':
      return ['1 day'];
    case 'date':
    case 'timestamp with time zone':
      return ['2020-01-01', '2040-01-01'];
    case 'bigint[]':
      return [`{${Object.values(ids).join(',')}}`];
    case 'text[]':
      return [`{${MARK}_subscription,${PHONE}}`];
    case 'jsonb':
      return ['{}'];
    default:
      return [null];
  }
}

/** Calls a function with the other company's things in every place, undoing what it did; what it told beyond what it was given. */
async function told({ call, names, types }: Routine): Promise<string> {
  const columns = types.map((type, at) => tries(type, names[at] ?? ''));
  const rounds = Math.max(1, ...columns.map((column) => column.length));
  const texts: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const values = columns.map((column) => column[round % column.length]);
    const places = types.map((type, at) => `$${at + 1}::${type}`).join(', ');
    await web.query('BEGIN');
    const answer = await web
      .query(`SELECT to_jsonb(r)::text AS told FROM ${call}(${places}) r LIMIT 1000`, values)
      .catch(() => undefined);
    await web.query('ROLLBACK');
    const given = values.map(String).filter((value) => value.length > 4);
    for (const row of (answer?.rows ?? []) as { told: string | null }[])
      texts.push(given.reduce((text, value) => text.replaceAll(value, ''), row.told ?? ''));
  }
  return texts.join('\n');
}

test('no function that the console may call tells a company, or nobody, anything of another', async () => {
  const all = await routines();
  expect(all.length).toBeGreaterThan(15);
  let telling = 0;
  for (const routine of all) {
    await enter(theirs);
    if ((await told(routine)).includes(MARK)) telling += 1;
    for (const company of [lango.company, undefined]) {
      await enter(company);
      const text = await told(routine);
      const leaked = text.includes(MARK) || text.includes(PHONE);
      expect({
        call: routine.call,
        as: company ? 'another company' : 'nobody',
        leaked,
        text: leaked ? text.slice(0, 300) : '',
      }).toEqual({
        call: routine.call,
        as: company ? 'another company' : 'nobody',
        leaked: false,
        text: '',
      });
    }
  }
  // Asked by the company itself some of them do tell: the question is no blind one.
  expect(telling).toBeGreaterThan(0);
}, 60_000);
