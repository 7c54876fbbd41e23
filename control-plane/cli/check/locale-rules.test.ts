import { keysIn, localeFaults } from './locale-rules';

test('every word that a page uses stands in every language, with the same parts', () => {
  expect(localeFaults()).toEqual([]);
});

test('keys are found in templates and in both ways of asking in code', () => {
  const text = `{{t "a.one"}} {{> field label=(t "a.two")}} reader.t('b.three', {}) t(locale, 'b.four') set('c.five') other`;
  expect(keysIn(text)).toEqual(['a.one', 'a.two', 'b.three', 'b.four']);
});
