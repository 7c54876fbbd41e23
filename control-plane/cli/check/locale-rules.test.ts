import { actionsIn, auditFaults } from './audit-rules';
import { keysIn, localeFaults } from './locale-rules';

test('every word that a page uses stands in every language, with the same parts', () => {
  expect(localeFaults()).toEqual([]);
});

test('keys are found in templates and in both ways of asking in code', () => {
  const text = `{{t "a.one"}} {{> field label=(t "a.two")}} reader.t('b.three', {}) t(locale, 'b.four') set('c.five') other`;
  expect(keysIn(text)).toEqual(['a.one', 'a.two', 'b.three', 'b.four']);
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
