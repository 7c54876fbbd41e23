import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { Cookie, PageResult, PageRoute, Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { sessionCookie, sessionCookieName } from '../platform/http/session-cookie';
import { fieldsOf, formErrors, readerFor, seenOf } from '../ui';
import type { Reader } from '../ui';
import { printCompany } from './admin.view';
import { decideCompany } from './decide-company';
import { endImpersonation, impersonate, IMPERSONATION_S } from './impersonate';
import { licenseCompany } from './license-company';
import { companyList, TOLD } from './list.routes';
import { findCompany, listCompanyPeople, type Company } from './queries';
import { registerRoutes } from './register.routes';
import { settingsRoutes } from './settings.routes';

/** Keeps the super admin's own session while they work as somebody else. */
const BACK_COOKIE = 'lango_back';
const BACK_S = 14 * 86_400;

/** The day as a date field writes it, in the reader's zone. */
const dateField = (at: Date | null, { zone }: Reader): string =>
  at ? new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(at) : '';

async function companyPage(
  ctx: Context,
  web: Web,
  person: Person,
  id: bigint,
  refused?: { values?: Record<string, string>; errors: Record<string, string>; title?: string; status?: number },
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const row = await findCompany(ctx, id);
  if (!row) throw notFound('This company');
  const told = TOLD.find((one) => one === web.query['told']);
  const values = refused?.values ?? {
    until: dateField(row.licence_until, reader),
    subscribers: row.limit_subscribers?.toString() ?? '',
    routers: row.limit_routers?.toString() ?? '',
    staff: row.limit_staff?.toString() ?? '',
  };
  const field = fieldsOf('tenants', values, refused?.errors ?? {}, reader);
  const printed = printCompany(row, reader);
  const own = row.id === ctx.tenantId;
  const mayAct = person.actor.permissions.has('tenants.impersonate') && row.status === 'approved' && !own;
  return view(
    'tenants/company',
    {
      title: row.name,
      told: told && { text: t(`tenants.told_${told}`), warn: told === 'own' || told === 'act_failed' },
      errors:
        refused?.title === undefined ? refused && formErrors(refused.errors) : { title: refused.title, fields: [] },
      licenceSeen: licenceSeen(row),
      company: { ...printed, state: { ...printed.state, tinted: true } },
      reason: row.status_reason,
      mayApprove: row.status !== 'approved',
      approveWord: t(row.status === 'pending' ? 'tenants.approve' : 'tenants.let_in'),
      maySuspend: row.status !== 'suspended' && !own,
      suspendWord: t(row.status === 'pending' ? 'tenants.refuse' : 'tenants.suspend'),
      until: field('until', { help: t('tenants.until_help') }),
      limits: ['subscribers', 'routers', 'staff'].map((name) => field(name, { mode: 'numeric', max: 9 })),
      people: mayAct
        ? (await listCompanyPeople(ctx, id)).map((one, at) => ({
            value: one.id.toString(),
            label: `${one.name}, ${one.email}`,
            selected: at === 0,
          }))
        : [],
    },
    refused ? { status: refused.status ?? 422 } : {},
  );
}

const count = z
  .string()
  .trim()
  .regex(/^\d{0,9}$/)
  .transform((text) => (text === '' ? undefined : Number(text)));
const licenceForm = z.object({
  until: z
    .string()
    .trim()
    .regex(/^(\d{4}-\d{2}-\d{2})?$/),
  subscribers: count,
  routers: count,
  staff: count,
  /** A program that sends none takes what is there. */
  seen: z.string().max(40).default(''),
});

const licenceSeen = (row: Company): string =>
  seenOf(row.licence_until?.toISOString(), row.limit_subscribers, row.limit_routers, row.limit_staff);

/** The licence holds to the end of the day that was named, in the zone of the company that names it. */
async function endOfDay(ctx: Context, day: string, zone: string): Promise<Date | undefined> {
  if (day === '') return undefined;
  const [row] = await ctx.tx.$queryRaw<
    { at: Date }[]
  >`SELECT ((${day}::date + 1)::timestamp AT TIME ZONE ${zone}) AS at`;
  return row?.at;
}

/** The super admin's cookies while they work as somebody else, and after. */
const actingCookies = (web: Web, secret: string): Cookie[] => [
  sessionCookie(web.publicUrl, secret, IMPERSONATION_S),
  { name: BACK_COOKIE, value: web.cookies[sessionCookieName(web.publicUrl)] ?? '', maxAgeS: BACK_S },
];
const backCookies = (web: Web): Cookie[] => [
  sessionCookie(web.publicUrl, web.cookies[BACK_COOKIE] || undefined, BACK_S),
  { name: BACK_COOKIE, value: '', maxAgeS: 0 },
];

export const pageRoutes: PageRoute[] = [
  ...registerRoutes,
  ...settingsRoutes,
  ...companyList,
  pageRoute({
    method: 'POST',
    path: '/tenants/registration',
    permission: 'tenants.manage',
    form: z.object({ open: z.enum(['yes', 'no']) }),
    async run(ctx, { form }) {
      if (!form.ok) return seeOther('/tenants');
      const open = form.value.open === 'yes';
      await ctx.tx
        .$queryRaw`SELECT tenants_open_registration(${ctx.actor.id}::bigint, ${open}, ${ctx.actor.ip}::inet, ${ctx.requestId})`;
      return seeOther(`/tenants?told=${open ? 'opened' : 'closed'}`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/tenants/:id',
    permission: 'tenants.manage',
    run: (ctx, { params }, web, person) => companyPage(ctx, web, person, params.id),
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/:id/decide',
    permission: 'tenants.manage',
    form: z.object({ status: z.enum(['approved', 'suspended']), reason: z.string().trim().max(300).default('') }),
    async run(ctx, { params, form }) {
      if (!form.ok) return seeOther(`/tenants/${params.id}`);
      const outcome = await decideCompany(ctx, params.id, form.value.status, form.value.reason);
      if (outcome === 'not_found') throw notFound('This company');
      return seeOther(`/tenants/${params.id}?told=${outcome === 'own' ? 'own' : form.value.status}`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/:id/license',
    permission: 'tenants.manage',
    form: licenceForm,
    async run(ctx, { params, form }, web, person) {
      const { t } = readerFor(ctx, person);
      if (!form.ok) {
        const errors = Object.keys(form.fields).map(
          (name) => [name, t(name === 'until' ? 'tenants.until_wanted' : 'tenants.count_wanted')] as const,
        );
        return companyPage(ctx, web, person, params.id, { values: form.values, errors: Object.fromEntries(errors) });
      }
      const { until, seen, ...limits } = form.value;
      const company = await findCompany(ctx, params.id);
      if (company && seen !== '' && seen !== licenceSeen(company))
        return companyPage(ctx, web, person, params.id, {
          errors: {},
          title: t('staff.changed_meanwhile'),
          status: 409,
        });
      const licence = { ...limits, until: await endOfDay(ctx, until, person.tenant.timezone) };
      if ((await licenseCompany(ctx, params.id, licence)) === 'not_found') throw notFound('This company');
      return seeOther(`/tenants/${params.id}?told=licensed`);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/:id/act',
    permission: 'tenants.impersonate',
    form: z.object({ staff: z.string().regex(/^[1-9]\d{0,18}$/), reason: z.string().trim().min(3).max(200) }),
    async run(ctx, { params, form }, web) {
      if (!(await findCompany(ctx, params.id))) throw notFound('This company');
      const among = form.ok
        ? (await listCompanyPeople(ctx, params.id)).find((one) => one.id.toString() === form.value.staff)
        : undefined;
      if (!form.ok || !among) return seeOther(`/tenants/${params.id}?told=act_failed`);
      const secret = await impersonate(ctx, among.id, form.value.reason, undefined);
      return secret === undefined
        ? seeOther(`/tenants/${params.id}?told=act_failed`)
        : seeOther('/', actingCookies(web, secret));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tenants/act-end',
    permission: 'signed_in',
    async run(ctx, _input, web, person) {
      if (!person.impersonator || !person.session) return seeOther('/');
      await endImpersonation(ctx, person.session.id);
      // To the company that they came from: there is more to do for it, or its name to tell.
      return seeOther(`/tenants/${ctx.tenantId}?told=act_ended`, backCookies(web));
    },
  }),
];
