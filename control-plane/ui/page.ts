import type { Locale } from '../platform/i18n';
import type { FormatContext } from './format';

export type Theme = 'auto' | 'light' | 'dark';

/** One entry of the rail. `far` ones leave the phone bar, which holds five. */
export interface NavLink {
  href: string;
  icon: string;
  /** Locale key of the label. */
  label: string;
  count?: string;
  alarm?: boolean;
  current?: boolean;
  far?: boolean;
}

/** What every console page carries besides its own model. Set once per request in res.locals. */
export interface PageContext extends FormatContext {
  theme: Theme;
  /** ISO code of the tenant's currency. */
  currency: string;
  /** Path and query of this page, where preference forms return to. */
  path: string;
  csrf: string;
  staff?: { name: string; role: string };
  tenant?: { name: string; place?: string };
  nav: NavLink[][];
  /** Parts of the system with a measured figure; nothing here is shown unmeasured. */
  pulse: { label: string; state: 'good' | 'bad' | 'unknown' }[];
  /** Topics of the one event stream of this page; empty opens none. */
  live?: string;
  search?: string;
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
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text ? `${path}?${text}` : path;
}

export type { Locale };
