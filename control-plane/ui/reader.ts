import { join } from 'node:path';
import type { Context } from '../platform/context';
import type { Person } from '../platform/http/person';
import { loadTranslator, LOCALES } from '../platform/i18n';
import type { Locale, Params, Translator } from '../platform/i18n';
import { projectRoot } from '../platform/project-root';
import type { FormatContext } from './format';

/** The person a page is written for: language, zone, currency, the moment, and the words. View models get one and need no more. */
export interface Reader extends FormatContext {
  /** ISO code of the company's currency. */
  currency: string;
  /** The text of `slice.key` in this person's language. */
  t: (key: string, params?: Params) => string;
}

let words: Translator | undefined;

/** Makes pages speak with these words; the console gives its own at start, strict ones in tests. */
export function useWords(translate: Translator): void {
  words = translate;
}

/** The words of every slice, read once per process: immutable data, like the templates. */
function serviceWords(): Translator {
  words ??= loadTranslator({ root: join(projectRoot(), 'control-plane'), strict: false });
  return words;
}

/** Builds a reader. Tests pass strict words, so that a missing text fails them. */
export function readerOf(
  o: { locale: Locale; zone: string; nowMs: number; currency: string },
  translate: Translator = serviceWords(),
): Reader {
  return { ...o, t: (key, params) => translate(o.locale, key, params) };
}

/** The reader of a page for signed-in staff, at the moment of the request's transaction. */
export function readerFor(ctx: Context, person: Person): Reader {
  const { timezone, currency } = person.tenant;
  return readerOf({ locale: asLocale(person.locale), zone: timezone, nowMs: ctx.now.getTime(), currency });
}

export function asLocale(text: string | undefined): Locale {
  return LOCALES.find((locale) => locale === text) ?? 'en';
}
