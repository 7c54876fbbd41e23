import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCALES, loadTranslator } from '../../platform/i18n';
import { projectRoot } from '../../platform/project-root';

/** Where words are asked for, and where the values come from that are put into their keys. */
const TREES = ['control-plane', 'radius', 'hotspot-templates', 'prisma'];

/** What may be put into a key: what stands in quotes, names of properties, numbers. */
const VALUE = /(?<=['"`])[\w.-]+(?=['"`])|(?<![\w.])\w+(?=['"]?\??:)|\b\d+\b/g;
/** Stands for a value inside a key. */
const HOLE = '\0';

interface Source {
  file: string;
  text: string;
}

/**
 * Words that no page, message or refusal can say: their key stands nowhere whole, fits no key that code puts together from values that stand somewhere, and is no word
 * that forms ask for by a field's name. Both languages hold the same keys (locale-rules.ts), so a fault is a word of both.
 */
export function unusedWords(sources: Source[] = allSources(), keys: string[] = allKeys()): string[] {
  const whole = new Set<string>();
  const patterns = new Map<string, string[]>();
  const values = new Set<string>();
  for (const { text } of sources) {
    for (const [, key = ''] of text.matchAll(/['"`]([a-z][\w-]*\.[\w.-]+)['"`]/g)) whole.add(key);
    for (const [, body = ''] of text.matchAll(/`([a-z][\w-]*\.[^`\n]*\$\{[^`]*)`/g)) {
      const marked = body.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, HOLE);
      patterns.set(marked, marked.split(HOLE));
    }
    for (const [, key = ''] of text.matchAll(/\(concat "([^"]+)"/g)) patterns.set(key, [key, '']);
    for (const [word] of text.matchAll(VALUE)) values.add(word.replace(/[.-]/g, '_'));
  }
  const unused = keys.filter(
    (key) =>
      !whole.has(key) &&
      ![...patterns.values()].some((parts) => fits(parts, key, (value) => isValue(value, values))) &&
      !askedByForm(key, sources),
  );
  return unused.map((key) => `Nothing says ${key}. Take it out of the words of every language.`);
}

/** A value as code or SQL may hold it: whole, or of two that are put together. */
function isValue(text: string, values: ReadonlySet<string>): boolean {
  const value = text.replace(/[.-]/g, '_');
  if (values.has(value)) return true;
  return [...value.matchAll(/_/g)].some(
    ({ index }) => values.has(value.slice(0, index)) && values.has(value.slice(index + 1)),
  );
}

/** Whether a text is these parts with a value between each two of them. */
function fits([first = '', ...rest]: string[], text: string, good: (value: string) => boolean): boolean {
  if (!text.startsWith(first)) return false;
  const after = text.slice(first.length);
  if (rest.length === 0) return after === '';
  for (let end = 1; end <= after.length; end += 1)
    if (good(after.slice(0, end)) && fits(rest, after.slice(end), good)) return true;
  return false;
}

/** What fields and forms of a slice ask for by their names: labels (`fieldsOf`), what a field wants, what was done (`formPages`). */
function askedByForm(key: string, sources: Source[]): boolean {
  const [slice = '', name = ''] = key.split(/\.(.*)/);
  const code = sources.filter(({ file }) => file.startsWith(`control-plane/${slice}/`)).map(({ text }) => text);
  const has = (pattern: RegExp): boolean => code.some((text) => pattern.test(text));
  const quoted = (word: string): boolean => has(new RegExp(`'${word}'|\\b${word}['"]?:`));
  if (quoted(name)) return true;
  if (!has(/\bformPages\(/)) return false;
  const [, told] = /^told_(\w+)$/.exec(name) ?? [];
  const [, field] = /^(\w+)_(?:needed|wanted|wrong)$/.exec(name) ?? [];
  return (
    name === 'changed_meanwhile' ||
    (told !== undefined && quoted(told)) ||
    (field !== undefined && has(new RegExp(`\\b${field}\\b`)))
  );
}

const allKeys = (): string[] =>
  loadTranslator({ root: join(projectRoot(), 'control-plane'), strict: false }).keys(LOCALES[0]);

function allSources(): Source[] {
  return TREES.flatMap((tree) => below(join(projectRoot(), tree)));
}

function below(dir: string): Source[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory())
      return ['generated', 'locales', 'check', 'test-kit'].includes(entry.name) ? [] : below(path);
    if (!/\.(?:hbs|ts|sql|js|html)$/.test(entry.name) || entry.name.endsWith('.test.ts')) return [];
    return [{ file: path.slice(projectRoot().length + 1), text: readFileSync(path, 'utf8') }];
  });
}
