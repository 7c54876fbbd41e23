import { actionsIn, auditFaults } from './audit-rules';
import { keysIn, localeFaults } from './locale-rules';
import { unusedWords } from './unused-words';

test('every word that a page uses stands in every language, with the same parts', () => {
  expect(localeFaults()).toEqual([]);
});

test('keys are found in templates and in both ways of asking in code', () => {
  const text = `{{t "a.one"}} {{> field label=(t "a.two")}} reader.t('b.three', {}) t(locale, 'b.four') set('c.five') other`;
  expect(keysIn(text)).toEqual(['a.one', 'a.two', 'b.three', 'b.four']);
});

test('every word is said somewhere', () => {
  expect(unusedWords()).toEqual([]);
});

test('a word that nothing says is named, and none that is put together or asked for by a form', () => {
  const sources = [
    {
      file: 'control-plane/a/admin.routes.ts',
      text: "t('a.whole'); t(`a.state_${one.state}`); formPages({ told: ['done'] }); field('name')",
    },
    { file: 'control-plane/b/queries.ts', text: "state: 'open' | 'not_paid'; t(`b.is_${one}_${two}`)" },
    { file: 'prisma/functions/a.sql', text: "SELECT 'gone-away'" },
  ];
  const said = [
    'a.whole',
    'a.state_open',
    'a.state_gone_away',
    'a.name',
    'a.name_needed',
    'a.told_done',
    'b.is_open_not_paid',
  ];
  const unsaid = ['a.half', 'a.state_shut', 'a.phone_needed', 'a.told_undone', 'b.is_open_shut', 'b.name'];
  expect(unusedWords(sources, [...said, ...unsaid])).toEqual(unsaid.map((key) => expect.stringContaining(` ${key}.`)));
});

test('every action that the product writes to the audit has words in every language', () => {
  expect(auditFaults()).toEqual([]);
});

test('actions are found in code and SQL, also those that are put together', () => {
  const text = `recordAudit(ctx, 'a.one', {}); recordAudit(ctx, yes ? 'a.two' : 'a.three-x', {}); recordAudit(ctx, \`bulk.\${move}\`, {});
    const created = { action: 'a.four', subject }; INSERT INTO audit_event (action) SELECT 'a.five'; t('a.six')`;
  expect(actionsIn(text)).toEqual([
    'a.one',
    'a.two',
    'a.three-x',
    'bulk.start',
    'bulk.stop',
    'bulk.undo',
    'bulk.discard',
    'a.four',
    'a.five',
  ]);
});
