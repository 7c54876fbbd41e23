import { view } from '../platform/http/page';
import type { PageResult, Web } from '../platform/http/page';
import type { Problem } from '../platform/http/problem';
import { chooseLocale } from '../platform/i18n';
import { readerOf } from '../ui';
import type { Reader } from '../ui';

/** After signing in people land where they were going, on this site and nowhere else. */
export function landing(next: string | undefined): string {
  return next && /^\/(?![/\\])[^\\]*$/.test(next) && !next.startsWith('/login') ? next : '/';
}

/** The reader of a page before sign-in: language by cookie or browser. */
export function doorReader(web: Web): Reader {
  const locale = chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
  return readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
}

export interface Refusal {
  status: number;
  title?: string;
  fields: { name: string; message: string }[];
  headers?: Record<string, string>;
}

/** The sign-in page; after a refusal with the summary on top, the e-mail kept and the password not. */
export function signInPage(
  { t }: Reader,
  values: { email: string; next: string; passkeys: boolean; registration?: boolean },
  refusal?: Refusal,
): PageResult {
  const errorOf = (name: string) => refusal?.fields.find((field) => field.name === name)?.message;
  const model = {
    layout: 'door',
    title: t('staff.sign_in_title'),
    next: values.next,
    passkeys: values.passkeys && `/login/passkey?next=${encodeURIComponent(values.next)}`,
    registration: values.registration,
    errors: refusal && { title: refusal.title, fields: refusal.fields },
    email: {
      name: 'email',
      label: t('staff.email'),
      type: 'email',
      value: values.email,
      autocomplete: 'username',
      required: true,
      error: errorOf('email'),
    },
    password: {
      name: 'password',
      label: t('staff.password'),
      type: 'password',
      autocomplete: 'current-password',
      required: true,
      error: errorOf('password'),
    },
  };
  return view('staff/sign-in', model, refusal ? { status: refusal.status, headers: refusal.headers ?? {} } : {});
}

/** What a refused sign-in says: which of the two was wrong is nobody's business, how long to wait is. */
export function refusalOf(problem: Problem, { t }: Reader): Refusal {
  if (problem.status === 429) {
    const seconds = Number(problem.headers['Retry-After'] ?? 30);
    return { status: 429, title: t('staff.sign_in_wait', { count: seconds }), fields: [], headers: problem.headers };
  }
  return {
    status: 422,
    title: t('staff.sign_in_wrong'),
    fields: [{ name: 'password', message: t('staff.sign_in_check') }],
  };
}
