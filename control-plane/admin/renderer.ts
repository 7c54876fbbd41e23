import { randomBytes } from 'node:crypto';
import type { PageBase, PageRenderer } from '../platform/http/render';
import type { Problem } from '../platform/http/problem';
import { chooseLocale } from '../platform/i18n';
import { builtInRoles } from '../platform/permissions';
import { asLocale, asTheme, nextTheme, readerOf } from '../ui';
import type { Reader, Theme, Ui } from '../ui';
import { navigation } from './navigation';

const THEME_ICON = { auto: 'half', light: 'sun', dark: 'moon' } as const;
/** Cookies that keep the choice of somebody who is not signed in (and of the sign-in page itself). */
export const LOCALE_COOKIE = 'lango_locale';
export const THEME_COOKIE = 'lango_theme';

/** Renders views inside the frame of the console, and every error as a page of it. */
export function createRenderer(ui: Ui): PageRenderer {
  return {
    page: (view, model, base) =>
      ui.views.render(view.includes('/views/') ? view : view.replace('/', '/views/'), { ...frameOf(base), ...model }),
    problem(problem, base) {
      const frame = frameOf(base);
      if (problem.status === 429) return ui.views.render('admin/views/problem', busy(problem, frame, base));
      const kind =
        problem.status === 404
          ? 'not_found'
          : problem.status === 403
            ? 'refused'
            : problem.status >= 500
              ? 'broken'
              : 'unaccepted';
      return ui.views.render('admin/views/problem', {
        ...frame,
        title: frame.reader.t(`ui.${kind}_title`),
        text: kind === 'unaccepted' ? wordsOf(problem, frame.reader) : frame.reader.t(`ui.${kind}_text`),
        fields: Object.entries(problem.fields ?? {}).map(([name, message]) => `${name} ${message}`),
        broken: kind === 'broken',
        request: base.requestId,
        layout: base.person ? 'console' : 'door',
      });
    },
  };
}

/** Too many at once: how long to wait, and the way back to where they were. */
function busy({ headers }: Problem, frame: ReturnType<typeof frameOf>, { web, person }: PageBase) {
  const { t } = frame.reader;
  return {
    ...frame,
    title: t('ui.busy_title'),
    text: t('ui.busy_text', { count: Number(headers['Retry-After'] ?? 60) }),
    again: web.path,
    layout: person ? 'console' : 'door',
  };
}

/** Refusals that people meet in forms are worded in their language; the others come from programs and say it in English. */
function wordsOf({ code, message }: Problem, { t }: Reader): string {
  return code === 'sent_already' || code === 'in_progress' ? t(`ui.${code}`) : message;
}

/** What layouts print around a page. */
function frameOf({ web, person, nowMs }: PageBase) {
  const locale = person ? asLocale(person.locale) : chooseLocale(web.cookies[LOCALE_COOKIE], web.acceptLanguage);
  const theme = asTheme(person?.theme ?? web.cookies[THEME_COOKIE]);
  const zone = person?.tenant.timezone ?? 'UTC';
  const reader = readerOf({ locale, zone, nowMs, currency: person?.tenant.currency ?? '' });
  return {
    reader,
    locale,
    ...themeSwitch(theme, reader),
    path: web.url,
    askedAt: web.askedAt_ms,
    csrf: web.csrfToken,
    once: randomBytes(12).toString('base64url'),
    staff: person ? { name: person.actor.name, role: roleWord(person, reader) } : undefined,
    acting: person?.impersonator && { as: person.actor.name, company: person.tenant.name },
    tenant: person ? { name: person.tenant.name } : undefined,
    nav: person ? navigation(person.actor, web.path) : [],
  };
}

/** Roles that every company has are translated; one that a company made keeps the name it was given. */
function roleWord({ role, roleName }: { role: string; roleName: string }, { t }: Reader): string {
  return (builtInRoles as readonly string[]).includes(role) ? t(`staff.role_${role}`) : roleName;
}

/** The switch goes from what the device says to light to dark; its spoken name says where it stands and what a tap does. */
function themeSwitch(theme: Theme, { t }: Reader) {
  return { theme, themeNext: nextTheme(theme), themeIcon: THEME_ICON[theme], themeLabel: t(`ui.theme_${theme}`) };
}
