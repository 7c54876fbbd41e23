import { join } from 'node:path';
import { loadTranslator, LOCALES } from '../platform/i18n';
import { OUTCOME_NAMES, STATE_NAMES } from './state';

const root = join(__dirname, '..');
const t = loadTranslator({ root, strict: true });

test('every state and outcome has its word', () => {
  for (const locale of LOCALES) {
    for (const name of STATE_NAMES) expect(t(locale, `ui.state.${name}`)).not.toBe('');
    for (const name of OUTCOME_NAMES) expect(t(locale, `ui.outcome.${name}`)).not.toBe('');
  }
});

test('a missing word throws in tests and stands in for itself in service', () => {
  expect(() => t('sw', 'ui.no_such_word')).toThrow('Add it to ui/locales/sw.json');
  expect(loadTranslator({ root, strict: false })('sw', 'ui.no_such_word')).toBe('ui.no_such_word');
});

test('plural forms follow the count', () => {
  expect(t('en', 'ui.proof.gave_up', { count: 1 })).toBe('gave up after 1 try');
  expect(t('en', 'ui.proof.gave_up', { count: 3 })).toBe('gave up after 3 tries');
});
