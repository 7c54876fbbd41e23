import { view, type PageResult, type Web } from '../platform/http/page';
import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';
import type { Reader } from '../ui';
import type { Said } from './device';
import { readerAt, type Door } from './door';

/** What every page of a site is drawn with. */
export interface Stand {
  ctx: Context;
  door: Door;
  web: Web;
  locale: Locale;
  reader: Reader;
  /** The site's first address. */
  path: string;
  /** What the router told, to be carried from page to page. */
  said: Said;
}

export function standAt(ctx: Context, door: Door, web: Web, locale: Locale, said: Said): Stand {
  return { ctx, door, web, locale, reader: readerAt(ctx, door, locale), path: `/hotspot/${door.site.slug}`, said };
}

/** The same page or another one with what the router told. */
export function withSaid(path: string, said: Said, change: Partial<Record<keyof Said | 'again', string>> = {}): string {
  const query = new URLSearchParams(
    Object.entries({ ...said, ...change }).filter(([, value]) => value !== ''),
  ).toString();
  return query === '' ? path : `${path}?${query}`;
}

const LANGUAGES: Record<Locale, string> = { en: 'English', sw: 'Kiswahili' };

interface Shown {
  title: string;
  heading?: string;
  sub?: string;
  by?: string;
  door?: 'shut' | 'ajar' | 'open';
  /** Where this page is asked for again in the other language; left out where it has been changed by a form. */
  here?: string;
  status?: number;
}

export const callTo = (phone: string): string => `tel:${phone.replaceAll(/[^+\d]/g, '')}`;

/** Draws a view in the site's frame: whose it is, the other language, terms and help below. */
export function drawn(
  stand: Stand,
  name: string,
  shown: Shown,
  model: Record<string, unknown>,
  cookies = {},
): PageResult {
  const { door, locale, path, said, web } = stand;
  const { site } = door;
  const other = site.languages.find((one) => one !== locale);
  const here = shown.here ?? web.path;
  const known = web.cookies['lango_locale'] === locale || said.lang !== locale;
  return view(
    `hotspot/${name}`,
    {
      layout: 'hotspot',
      locale,
      site: site.name,
      title: shown.title,
      heading: shown.heading ?? shown.title,
      sub: shown.sub,
      by: shown.by ?? site.name,
      colour: site.colour,
      other: other && { href: withSaid(here, said, { lang: other }), lang: other, word: LANGUAGES[other] },
      door: { shut: shown.door === undefined || shown.door === 'shut', ajar: shown.door === 'ajar' },
      path,
      carried: Object.entries<string>({ ...said }).map(([field, value]) => ({ name: field, value })),
      terms: site.terms === '' ? '' : withSaid(`${path}/terms`, said),
      phone: door.phone,
      call: callTo(door.phone),
      ...model,
    },
    {
      status: shown.status ?? 200,
      ...cookies,
      ...(known ? {} : { cookies: [{ name: 'lango_locale', value: locale, maxAgeS: 31_536_000 }] }),
    },
  );
}
