import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../test-kit/database';
import { projectRoot } from '../project-root';

/** Prisma's type (with its @db refinement) for each column type that the schema uses. */
const expected: Record<string, string> = {
  int8: 'BigInt',
  int4: 'Int',
  text: 'String',
  _text: 'String',
  bool: 'Boolean',
  bytea: 'Bytes',
  jsonb: 'Json',
  uuid: 'String @db.Uuid',
  inet: 'String @db.Inet',
  timestamptz: 'DateTime @db.Timestamptz',
  date: 'DateTime @db.Date',
  bpchar: 'String @db.Char',
  varchar: 'String @db.VarChar',
};

interface Field {
  type: string;
  optional: boolean;
}

/** Fields of each model that are columns: relations carry a model's name as their type. */
function models(): Map<string, Map<string, Field>> {
  const text = readFileSync(join(projectRoot(), 'prisma/schema.prisma'), 'utf8');
  const found = new Map<string, Map<string, Field>>();
  const blocks = [...text.matchAll(/^model (\w+) \{\n([\s\S]*?)^\}/gm)];
  const names = new Set(blocks.map((block) => block[1]));
  for (const [, name = '', body = ''] of blocks) {
    const fields = new Map<string, Field>();
    for (const [, field = '', type = '', mark = '', rest = ''] of body.matchAll(/^ {2}(\w+) +(\w+)(\?|\[\])?(.*)$/gm)) {
      if (names.has(type)) continue;
      const native = /@db\.(\w+)/.exec(rest)?.[0];
      fields.set(field, { type: native ? `${type} ${native}` : type, optional: mark === '?' });
    }
    found.set(name, fields);
  }
  return found;
}

let db: TestDatabase;
let client: Client;
beforeAll(async () => {
  db = await createTestDatabase();
  client = new Client({ connectionString: db.ownerUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await db.drop();
});

const tables = [...models().keys()];

test.each(tables)('%s is as the database has it', async (table) => {
  const { rows } = await client.query<{ column_name: string; udt_name: string; is_nullable: string; kind: string }>(
    `SELECT c.column_name, c.udt_name, c.is_nullable, t.table_type AS kind FROM information_schema.columns c
     JOIN information_schema.tables t USING (table_schema, table_name) WHERE c.table_schema = 'public' AND c.table_name = $1`,
    [table],
  );
  const columns = new Map(rows.map((row) => [row.column_name, row]));
  expect(columns.size).toBeGreaterThan(0);
  for (const [name, field] of models().get(table) ?? []) {
    const column = columns.get(name);
    expect({ table, name, type: column && expected[column.udt_name] }).toEqual({ table, name, type: field.type });
    // Columns of a view are all nullable as far as the catalogue knows.
    if (column?.kind === 'BASE TABLE')
      expect({ table, name, optional: column.is_nullable === 'YES' }).toEqual({
        table,
        name,
        optional: field.optional,
      });
  }
});

test('a model leaves no column out that an insert must give, except the router secret', async () => {
  const { rows } = await client.query<{ t: string; c: string }>(
    `SELECT c.table_name AS t, c.column_name AS c FROM information_schema.columns c JOIN information_schema.tables i USING (table_schema, table_name)
     WHERE c.table_schema = 'public' AND i.table_type = 'BASE TABLE' AND c.is_nullable = 'NO' AND c.column_default IS NULL AND c.is_identity = 'NO' AND c.table_name = ANY ($1)`,
    [tables],
  );
  const missing = rows.filter(({ t, c }) => !models().get(t)?.has(c)).map(({ t, c }) => `${t}.${c}`);
  expect(missing).toEqual(['nas.secret']);
});

test('the web role may select every column of every model', async () => {
  for (const [table, fields] of models()) {
    const { rows } = await client.query<{ c: string; ok: boolean }>(
      `SELECT c, has_column_privilege('lango_web', $1::regclass, c, 'SELECT') AS ok FROM unnest($2::text[]) c`,
      [table, [...fields.keys()]],
    );
    expect(rows.filter((row) => !row.ok).map((row) => `${table}.${row.c}`)).toEqual([]);
  }
});

test('no index of live sessions holds what an interim moves: its row is updated in place', async () => {
  const { rows } = await client.query<{ index: string; holds: string }>(
    `SELECT i.indexrelid::regclass::text AS index, pg_get_indexdef(i.indexrelid) AS holds FROM pg_index i WHERE i.indrelid = 'session_live'::regclass`,
  );
  expect(rows.length).toBeGreaterThan(3);
  const moved =
    /\b(started_at|updated_at|received_at|session_time_s|input_bytes|output_bytes|prev_\w+|rate_limit|address_list)\b/;
  expect(rows.filter(({ holds }) => moved.test(holds)).map(({ index }) => index)).toEqual([]);
});
