import type { Reader } from './reader';

export type Theme = 'auto' | 'light' | 'dark';

/** One entry of the rail. `far` ones leave the phone bar, which holds five. */
export interface NavLink {
  href: string;
  icon: string;
  /** Locale key of the label. */
  label: string;
  /** Locale key for the phone bar, where 70 px are all there is. */
  short: string;
  count?: string;
  alarm?: boolean;
  current?: boolean;
  far?: boolean;
}

export function asTheme(value: string | undefined): Theme {
  return value === 'light' || value === 'dark' ? value : 'auto';
}

/** The next theme of the switch: what the system says, then light, then dark. */
export function nextTheme(theme: Theme): Theme {
  return theme === 'auto' ? 'light' : theme === 'light' ? 'dark' : 'auto';
}

/** Adds or replaces query parameters of a path; null takes one away. Changing a filter always drops the page cursor. */
export function withQuery(path: string, query: URLSearchParams, change: Record<string, string | null>): string {
  const next = new URLSearchParams(query);
  next.delete('cursor');
  next.delete('asked');
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}

/** The foot of a list: its beginning, and the next page where there is one. What is filtered stays so. */
export function pagerOf(
  path: string,
  search: URLSearchParams,
  page: { cursor: string | undefined; next: string | null | undefined; limit: number },
  { t }: Reader,
): { first: string; next: string; nextLabel: string } {
  return {
    first: page.cursor ? withQuery(path, search, {}) : '',
    next: page.next ? withQuery(path, search, { cursor: page.next }) : '',
    nextLabel: t('ui.page_next', { count: page.limit }),
  };
}

/** A page cursor in the opaque form that the API's lists use too. */
export function cursorOf(id: bigint): string {
  return Buffer.from(`i${id}`).toString('base64url');
}
