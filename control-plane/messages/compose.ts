import type { Locale } from '../platform/i18n';
import { formatCount, formatDeadline, formatMoney } from '../ui';
import { kindOf, type Channel, type MessageKind, type MessageValues } from './catalogue';
import { defaultWords, type Words } from './default-words';
import { countSegments, plainLetters, type Segments } from './segments';
import { checkTemplate, fillTemplate } from './template';

export interface ToCompose {
  kind: MessageKind;
  channel: Channel;
  locale: Locale;
  /** The words to fill: the message's own, or those of the template. */
  words: Words;
  values: MessageValues;
  company: string;
  zone: string;
  nowMs: number;
}

/** A message as it goes out. */
export interface Composed {
  subject: string | null;
  text: string;
  html: string | null;
  /** Of an SMS. */
  segments: Segments | null;
}

/** The names that a template of this kind may use. */
export const namesOf = (kind: MessageKind): string[] => ['company', ...Object.keys(kindOf(kind).variables)];

/** Fills the words. Those that do not parse, or name what the kind has not, are replaced by the shipped ones: a message is sent rather than lost. */
export function compose(o: ToCompose): Composed {
  const { kind, channel, locale } = o;
  const known = namesOf(kind);
  const fine = [o.words.subject ?? '', o.words.body].every((text) => checkTemplate(text, known).length === 0);
  const words = fine ? o.words : defaultWords(kind, channel, locale);
  const values = printValues(o);
  const text = fillTemplate(words.body, values);
  if (channel === 'sms') {
    const plain = plainLetters(text).trim();
    return { subject: null, text: plain, html: null, segments: countSegments(plain) };
  }
  // One line: a break in it would begin a header of its own.
  const subject = fillTemplate(words.subject ?? o.company, values)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 200);
  return { subject, text, html: letterOf(text, locale), segments: null };
}

/** Every value as text in the person's language; what was not given is empty. */
export function printValues(
  o: Pick<ToCompose, 'kind' | 'locale' | 'values' | 'company' | 'zone' | 'nowMs'>,
): Record<string, string> {
  const { locale, values } = o;
  const print = (type: string, value: MessageValues[string] | undefined | null): string => {
    if (value === undefined || value === null) return '';
    if (type === 'money' && typeof value === 'object') return formatMoney(value.cents, value.currency, locale);
    if (type === 'moment') {
      const at = new Date(typeof value === 'object' ? NaN : value);
      return Number.isNaN(at.getTime()) ? '' : formatDeadline(at, { locale, zone: o.zone, nowMs: o.nowMs });
    }
    if (type === 'count' && typeof value === 'number') return formatCount(value, locale);
    return typeof value === 'object' ? '' : String(value);
  };
  const printed: Record<string, string> = { company: o.company };
  for (const [name, type] of Object.entries(kindOf(o.kind).variables)) printed[name] = print(type, values[name]);
  return printed;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text: string): string => text.replace(/[&<>"']/g, (one) => ESCAPES[one] ?? one);

/** The same text as HTML: paragraphs, line breaks and links that can be tapped. Everything else in it is text. */
function letterOf(text: string, locale: Locale): string {
  const linked = (part: string): string =>
    escape(part).replace(/https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)]/g, (url) => `<a href="${url}">${url}</a>`);
  const paragraphs = text
    .trim()
    .split(/\n{2,}/)
    .map((part) => `<p>${linked(part).replaceAll('\n', '<br>')}</p>`)
    .join('');
  return `<!doctype html><html lang="${locale}"><meta charset="utf-8"><body style="font:16px/1.5 sans-serif;max-width:36em;margin:24px auto;padding:0 16px">${paragraphs}</body></html>`;
}
