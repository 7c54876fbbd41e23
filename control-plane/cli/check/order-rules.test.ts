import { orderFaults, sortedAsText } from './order-rules';

const sql = (text: string): string => `const rows = await tx.$queryRaw\`${text}\`;`;

test.each([
  ['SELECT id::text, kind FROM run WHERE nas_id = ${id} ORDER BY id DESC LIMIT 1', ['id']],
  ['SELECT r.id::text AS id FROM run r ORDER BY kind, id', ['id']],
  ['SELECT (SELECT x.at::text FROM (SELECT at::text FROM y ORDER BY at) x) AS a FROM b ORDER BY a', ['at']],
  // By the column, by another name, by what is no text, in a list of its own.
  ['SELECT r.id::text FROM run r ORDER BY r.id DESC', []],
  ['SELECT id::text AS run FROM run ORDER BY id', []],
  ['SELECT id FROM run WHERE name = ${id}::text ORDER BY id', []],
  ["SELECT jsonb_agg(jsonb_build_object('id', v.id::text)) FROM (SELECT * FROM v ORDER BY id) v", []],
])('%s', (text, names) => {
  expect(sortedAsText(sql(text))).toEqual(names);
});

test('nothing of ours sorts by a number as text', () => {
  expect(orderFaults()).toEqual([]);
});
