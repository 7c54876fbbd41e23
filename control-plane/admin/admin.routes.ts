import { z } from 'zod';
import { pageRoute, publicPage, seeOther } from '../platform/http/page';
import type { Cookie, PageRoute } from '../platform/http/page';
import { LOCALES } from '../platform/i18n';
import { dashboardRoutes } from './dashboard.routes';
import { navigation } from './navigation';
import { LOCALE_COOKIE, THEME_COOKIE } from './renderer';

const YEAR_S = 365 * 86_400;
const preferences = z.object({
  locale: z.enum(LOCALES).optional(),
  theme: z.enum(['auto', 'light', 'dark']).optional(),
  back: z.string().max(2000).default('/'),
});

/** A path of ours, or the start page: a form must never send people elsewhere. */
function ownPath(path: string): string {
  return /^\/(?![/\\])[^\\]*$/.test(path) ? path : '/';
}

export const pageRoutes: PageRoute[] = [
  ...dashboardRoutes,
  pageRoute({
    method: 'GET',
    path: '/',
    permission: 'signed_in',
    // The first page of the rail that this person may open; who may nothing still has a page of their own.
    run: (_ctx, _input, _web, person) =>
      Promise.resolve(seeOther(navigation(person.actor, '/')[0]?.[0]?.href ?? '/staff/me')),
  }),
  // Language and theme: kept with the person when signed in, and in a cookie for the sign-in page.
  publicPage({
    method: 'POST',
    path: '/preferences',
    form: preferences,
    async run(call, { form }) {
      if (!form.ok) return seeOther('/');
      const { locale, theme, back } = form.value;
      const { person } = call;
      if (person) {
        await call.inTenant(
          (ctx) => ctx.tx.$executeRaw`
            UPDATE staff SET locale = coalesce(${locale ?? null}::text, locale), theme = coalesce(${theme ?? null}::text, theme)
            WHERE id = ${person.staffId}`,
        );
      }
      const cookies: Cookie[] = [];
      if (locale) cookies.push({ name: LOCALE_COOKIE, value: locale, maxAgeS: YEAR_S });
      if (theme) cookies.push({ name: THEME_COOKIE, value: theme, maxAgeS: YEAR_S });
      return seeOther(ownPath(back), cookies);
    },
  }),
];
