import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTranslator, LOCALES } from '../../platform/i18n';
import { projectRoot } from '../../platform/project-root';

/** `{{t "a.b"}}` and `(t "a.b"` in a template, `t('a.b'` and `t(locale, 'a.b'` in code. */
const use = /(?:\{\{#?|\()t "([a-z-]+\.[\w.]+)"|\bt\(\s*(?:[\w.]+,\s*)?'([a-z-]+\.[\w.]+)'/g;

/** Words that a page uses and a language lacks, and what one language has and the other has not, with the {parts} that are put into them. */
export function localeFaults(): string[] {
  const root = join(projectRoot(), 'control-plane');
  const translate = loadTranslator({ root, strict: false });
  const missing = LOCALES.flatMap((locale) => {
    const known = new Set(translate.keys(locale));
    return usesBelow(root).flatMap(({ key, file }) =>
      known.has(key) ? [] : [`${file} says ${key}, which has no words in ${locale}.`],
    );
  });
  const slices = readdirSync(root).filter((slice) => existsSync(join(root, slice, 'locales')));
  return [...new Set(missing), ...slices.flatMap((slice) => unlike(root, slice))];
}

/** Every key that a template or a file of code below names whole. */
export function keysIn(text: string): string[] {
  return [...text.matchAll(use)].map((match) => match[1] ?? match[2] ?? '');
}

function usesBelow(dir: string): { key: string; file: string }[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : usesBelow(path);
    if (!/\.(hbs|ts)$/.test(entry.name) || entry.name.endsWith('.test.ts') || path.includes('cli/check')) return [];
    return keysIn(readFileSync(path, 'utf8')).map((key) => ({ key, file: path.slice(projectRoot().length + 1) }));
  });
}

function unlike(root: string, slice: string): string[] {
  const words = LOCALES.map((locale) => {
    const file = join(root, slice, 'locales', `${locale}.json`);
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
  });
  const [first = {}, ...others] = words.map(partsByKey);
  return others.flatMap((other, at) =>
    [...new Set([...Object.keys(first), ...Object.keys(other)])]
      .filter((key) => first[key] !== other[key])
      .map(
        (key) =>
          `${slice}.${key} is not the same in ${LOCALES[0]} and ${LOCALES[at + 1] ?? ''}: give both the same {parts}.`,
      ),
  );
}

/** `{name}` and the like of each text, sorted, as one string. */
function partsByKey(words: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(words).map(([key, text]) => [
      key,
      [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort().join(' '),
    ]),
  );
}
