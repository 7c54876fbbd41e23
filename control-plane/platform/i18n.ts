import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const LOCALES = ['en', 'sw'] as const;
export type Locale = (typeof LOCALES)[number];

type Text = string | { one?: string; other: string };
export type Params = Record<string, string | number>;

export interface Translator {
  /** The text of `slice.key` with {named} parts filled in; a text with plural forms is chosen by `params.count`. */
  (locale: Locale, key: string, params?: Params): string;
  keys(locale: Locale): string[];
}

export interface TranslatorOptions {
  /** The control-plane source folder; each slice keeps locales/en.json and locales/sw.json. */
  root: string;
  /** In tests a missing key throws. In service English stands in, then the key itself: a page must never fail over a word. */
  strict: boolean;
}

/** Reads every slice's words once. Keys are `<slice>.<key>`; the slice folder is the namespace. Throws on malformed JSON. */
export function loadTranslator({ root, strict }: TranslatorOptions): Translator {
  const words = new Map(LOCALES.map((locale) => [locale, readWords(root, locale)]));
  const plurals = new Map(LOCALES.map((locale) => [locale, new Intl.PluralRules(locale)]));

  function find(locale: Locale, key: string): Text | undefined {
    const own = words.get(locale)?.get(key);
    if (own !== undefined) return own;
    if (strict) throw new Error(`No ${locale} text for ${key}. Add it to ${key.split('.')[0]}/locales/${locale}.json.`);
    return words.get('en')?.get(key);
  }

  const translate = (locale: Locale, key: string, params: Params = {}): string => {
    const text = find(locale, key);
    if (text === undefined) return key;
    const form =
      typeof text === 'string' ? text : pluralForm(text, plurals.get(locale)?.select(Number(params['count'])));
    return form.replace(/\{(\w+)\}/g, (whole, name: string) =>
      String(params[name] ?? (strict ? unfilled(key, whole) : '')),
    );
  };
  return Object.assign(translate, { keys: (locale: Locale) => [...(words.get(locale)?.keys() ?? [])] });
}

/** The locale of a request: the person's own choice first, then what the browser asks for, then English. */
export function chooseLocale(chosen: string | undefined, acceptLanguage: string | undefined): Locale {
  const wanted = [chosen ?? '', ...(acceptLanguage ?? '').split(',').map((part) => part.trim().slice(0, 2))];
  for (const one of wanted) {
    const known = LOCALES.find((locale) => locale === one);
    if (known) return known;
  }
  return 'en';
}

function pluralForm(text: { one?: string; other: string }, rule: Intl.LDMLPluralRule | undefined): string {
  return rule === 'one' && text.one !== undefined ? text.one : text.other;
}

function unfilled(key: string, part: string): never {
  throw new Error(`The text ${key} needs a value for ${part}.`);
}

function readWords(root: string, locale: Locale): Map<string, Text> {
  const words = new Map<string, Text>();
  for (const slice of readdirSync(root)) {
    const file = join(root, slice, 'locales', `${locale}.json`);
    if (!existsSync(file)) continue;
    const entries = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Text>;
    for (const [key, text] of Object.entries(entries)) words.set(`${slice}.${key}`, text);
  }
  return words;
}
