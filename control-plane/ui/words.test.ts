import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTranslator, LOCALES } from '../platform/i18n';
import { OUTCOME_NAMES, STATE_NAMES } from './state';

const root = join(__dirname, '..');
const t = loadTranslator({ root, strict: true });

function filesUnder(dir: string, ending: RegExp): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? filesUnder(path, ending) : ending.test(entry.name) ? [path] : [];
  });
}

/** Keys named whole in a template ({{t "a.b"}}) or in code (t(locale, 'a.b')). */
function keysUsed(): Map<string, string> {
  const used = new Map<string, string>();
  for (const file of filesUnder(root, /\.(hbs|ts)$/)) {
    if (file.endsWith('.test.ts')) continue;
    const text = readFileSync(file, 'utf8');
    for (const match of text.matchAll(/(?:\{\{#?|\()t "([a-z-]+\.[\w.]+)"|\bt\(\s*[\w.]+,\s*'([a-z-]+\.[\w.]+)'/g)) {
      used.set(match[1] ?? match[2] ?? '', file);
    }
  }
  return used;
}

test.each(LOCALES)('every key that a page uses has a text in %s', (locale) => {
  const known = new Set(t.keys(locale));
  const missing = [...keysUsed()]
    .filter(([key]) => !known.has(key))
    .map(([key, file]) => `${key} (${file.slice(root.length + 1)})`);
  expect(missing).toEqual([]);
});

test('English and Swahili hold the same keys with the same {parts}', () => {
  const [en, sw] = LOCALES.map((locale) => t.keys(locale).sort());
  expect(sw).toEqual(en);
  const parts = (slice: string, locale: string) => {
    const words = JSON.parse(readFileSync(join(root, slice, 'locales', `${locale}.json`), 'utf8')) as Record<
      string,
      unknown
    >;
    return Object.fromEntries(
      Object.entries(words).map(([key, text]) => [
        key,
        [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort(),
      ]),
    );
  };
  const slices = filesUnder(root, /^en\.json$/).map((file) => file.split('/').at(-3) ?? '');
  expect(slices).toContain('ui');
  for (const slice of slices)
    expect({ slice, parts: parts(slice, 'sw') }).toEqual({ slice, parts: parts(slice, 'en') });
});

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
