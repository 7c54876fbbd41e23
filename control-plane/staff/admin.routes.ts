import { z } from 'zod';
import { pageRoute, publicPage, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import { Problem } from '../platform/http/problem';
import { sessionCookie } from '../platform/http/session-cookie';
import { chooseLocale } from '../platform/i18n';
import { readerOf } from '../ui';
import type { Reader } from '../ui';
import { closeConsoleSession, openConsoleSession, SESSION_TTL_S } from './console-session';
import { signIn } from './sign-in';

const signInForm = z.object({
  email: z.string().trim().min(1).max(254),
  password: z.string().min(1).max(1000),
  next: z.string().max(2000).optional(),
});

/** After signing in people land where they were going, on this site and nowhere else. */
function landing(next: string | undefined): string {
  return next && /^\/(?![/\\])[^\\]*$/.test(next) && !next.startsWith('/login') ? next : '/';
}

function readerOfDoor(web: Web): Reader {
  const locale = chooseLocale(web.cookies['lango_locale'], web.acceptLanguage);
  return readerOf({ locale, zone: 'UTC', nowMs: 0, currency: '' });
}

interface Refusal {
  status: number;
  title?: string;
  fields: { name: string; message: string }[];
  headers?: Record<string, string>;
}

/** The sign-in page; after a refusal with the summary on top, the e-mail kept and the password not. */
function signInPage({ t }: Reader, values: { email: string; next: string }, refusal?: Refusal): PageResult {
  const errorOf = (name: string) => refusal?.fields.find((field) => field.name === name)?.message;
  const model = {
    layout: 'door',
    title: t('staff.sign_in_title'),
    next: values.next,
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
function refusalOf(problem: Problem, { t }: Reader): Refusal {
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

export const pageRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/login',
    run(call, _input, web) {
      if (call.person) return Promise.resolve(seeOther(landing(web.query['next'])));
      return Promise.resolve(signInPage(readerOfDoor(web), { email: '', next: web.query['next'] ?? '' }));
    },
  }),
  publicPage({
    method: 'POST',
    path: '/login',
    form: signInForm,
    async run(call, { form }, web) {
      const reader = readerOfDoor(web);
      if (!form.ok) {
        const fields = Object.keys(form.fields)
          .filter((name) => name === 'email' || name === 'password')
          .map((name) => ({ name, message: reader.t(`staff.${name}_needed`) }));
        return signInPage(
          reader,
          { email: form.values['email'] ?? '', next: form.values['next'] ?? '' },
          { status: 422, fields },
        );
      }
      const { email, password, next } = form.value;
      try {
        const { secret } = await signIn(call, { email, password }, 'console', (ctx, staffId) =>
          openConsoleSession(ctx, staffId, call.userAgent),
        );
        return seeOther(landing(next), [sessionCookie(web.publicUrl, secret, SESSION_TTL_S)]);
      } catch (error) {
        if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 429)) throw error;
        return signInPage(reader, { email, next: next ?? '' }, refusalOf(error, reader));
      }
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/logout',
    permission: 'signed_in',
    async run(ctx, _input, web, person) {
      if (person.session) await closeConsoleSession(ctx, person.session.id);
      return seeOther('/login', [sessionCookie(web.publicUrl, undefined, 0)]);
    },
  }),
];
