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
  const slices = namedBySlice(sources);
  const judged = new Map<string, boolean>();
  const good = (value: string): boolean => {
    const known = judged.get(value) ?? isValue(value, values);
    judged.set(value, known);
    return known;
  };
  const unused = keys.filter(
    (key) =>
      !whole.has(key) && !askedByForm(key, slices) && ![...patterns.values()].some((parts) => fits(parts, key, good)),
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

/** What a slice's own code names: in quotes or as properties, and in words. */
interface Named {
  quoted: Set<string>;
  words: Set<string>;
  hasForms: boolean;
}

function namedBySlice(sources: Source[]): Map<string, Named> {
  const found = new Map<string, Named>();
  for (const { file, text } of sources) {
    const slice = /^control-plane\/([^/]+)\//.exec(file)?.[1];
    if (slice === undefined) continue;
    const named = found.get(slice) ?? { quoted: new Set(), words: new Set(), hasForms: false };
    found.set(slice, named);
    for (const [word] of text.matchAll(VALUE)) named.quoted.add(word);
    for (const [word] of text.matchAll(/\w+/g)) named.words.add(word);
    named.hasForms ||= text.includes('formPages(');
  }
  return found;
}

/** What fields and forms of a slice ask for by their names: labels (`fieldsOf`), what a field wants, what was done (`formPages`). */
function askedByForm(key: string, slices: Map<string, Named>): boolean {
  const dot = key.indexOf('.');
  const name = key.slice(dot + 1);
  const named = slices.get(key.slice(0, dot));
  if (!named) return false;
  if (named.quoted.has(name)) return true;
  if (!named.hasForms) return false;
  const told = /^told_(\w+)$/.exec(name)?.[1];
  const field = /^(\w+)_(?:needed|wanted|wrong)$/.exec(name)?.[1];
  return (
    name === 'changed_meanwhile' ||
    (told !== undefined && named.quoted.has(told)) ||
    (field !== undefined && named.words.has(field))
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
