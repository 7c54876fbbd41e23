import { z } from 'zod';
import type { Context } from '../platform/context';
import { seeOther, type Cookie, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { sessionCookie, sessionCookieName } from '../platform/http/session-cookie';
import { formPages, type FormView, type Reader } from '../ui';
import { printCompany } from './admin.view';
import { decideCompany } from './decide-company';
import { impersonate, IMPERSONATION_S } from './impersonate';
import { licenseCompany } from './license-company';
import { TOLD } from './list.routes';
import { findCompany, listCompanyPeople, type Company } from './queries';

/** Keeps the super admin's own session while they work as somebody else. */
const BACK_COOKIE = 'lango_back';
const BACK_S = 14 * 86_400;
const LIMITS = ['subscribers', 'routers', 'staff'] as const;

/** The day as a date field writes it, in the reader's zone. */
const dateField = (at: Date | null, { zone }: Reader): string =>
  at ? new Intl.DateTimeFormat('en-CA', { timeZone: zone }).format(at) : '';

const isOwn = (ctx: Context, row: Company): boolean => row.id === ctx.tenantId;
const mayAct = (ctx: Context, person: Person, row: Company): boolean =>
  person.actor.permissions.has('tenants.impersonate') && row.status === 'approved' && !isOwn(ctx, row);

/** One company, as whoever runs the installation sees it: let in or shut out, its licence, and working as somebody there. */
const companyPage: FormView<Company> = {
  slice: 'tenants',
  view: 'tenants/company',
  shared: true,
  word: (name, { t }) => t(`tenants.${(LIMITS as readonly string[]).includes(name) ? 'count' : name}_wanted`),
  values: (row, { reader }) => ({
    until: dateField(row.licence_until, reader),
    subscribers: row.limit_subscribers?.toString() ?? '',
    routers: row.limit_routers?.toString() ?? '',
    staff: row.limit_staff?.toString() ?? '',
    act_as: '',
    act_reason: '',
    reason: '',
  }),
  seen: (row) => [row.licence_until?.toISOString(), row.limit_subscribers, row.limit_routers, row.limit_staff],
  async draw({ values, field }, { ctx, web, person, reader, t, about: row }) {
    const told = TOLD.find((one) => one === web.query['told']);
    const printed = printCompany(row, reader);
    const people = mayAct(ctx, person, row) ? await listCompanyPeople(ctx, row.id) : [];
    const refuses = row.status === 'pending';
    return {
      title: row.name,
      told: told && { text: t(`tenants.told_${told}`) },
      company: { ...printed, state: { ...printed.state, tinted: true } },
      mayApprove: row.status !== 'approved',
      approveWord: t(refuses ? 'tenants.approve' : 'tenants.let_in'),
      suspend: row.status !== 'suspended' &&
        !isOwn(ctx, row) && {
          word: t(refuses ? 'tenants.refuse' : 'tenants.suspend'),
          reason: field('reason', { max: 300, autocomplete: 'off' }),
        },
      until: field('until', { help: t('tenants.until_help') }),
      limits: LIMITS.map((name) => field(name, { mode: 'numeric', max: 9 })),
      act: people.length > 0 && {
        as: field('act_as', {
          options: people.map((one, at) => ({
            value: one.id.toString(),
            label: `${one.name}, ${one.email}`,
            selected: values['act_as'] ? values['act_as'] === one.id.toString() : at === 0,
          })),
        }),
        reason: field('act_reason', { required: true, max: 200, autocomplete: 'off' }),
      },
    };
  },
};

const count = z
  .string()
  .trim()
  .regex(/^\d{0,9}$/)
  .transform((text) => (text === '' ? undefined : Number(text)));
const licenceForm = z.object({
  until: z
    .string()
    .trim()
    .regex(/^(\d{4}-\d{2}-\d{2})?$/)
    .refine((day) => day === '' || !Number.isNaN(Date.parse(day))),
  subscribers: count,
  routers: count,
  staff: count,
});
const decisionForm = z.object({
  status: z.enum(['approved', 'suspended']),
  reason: z.string().trim().max(300).default(''),
});
const actForm = z.object({
  act_as: z.string().regex(/^[1-9]\d{0,18}$/),
  act_reason: z.string().trim().min(3).max(200),
});

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
export const backCookies = (web: Web): Cookie[] => [
  sessionCookie(web.publicUrl, web.cookies[BACK_COOKIE] || undefined, BACK_S),
  { name: BACK_COOKIE, value: '', maxAgeS: 0 },
];

/** @throws Problem 404 */
async function mustFind(ctx: Context, id: bigint): Promise<Company> {
  const row = await findCompany(ctx, id);
  if (!row) throw notFound('This company');
  return row;
}

export const companyPages: PageRoute[] = [
  ...formPages({
    ...companyPage,
    page: '/tenants/:id',
    post: '/tenants/:id/license',
    permission: 'tenants.manage',
    form: licenceForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save({ until, ...limits }, { ctx, params, person }) {
      const licence = { ...limits, until: await endOfDay(ctx, until, person.tenant.timezone) };
      if ((await licenseCompany(ctx, params.id, licence)) === 'not_found') throw notFound('This company');
      return seeOther(`/tenants/${params.id}?told=licensed`);
    },
  }),
  ...formPages({
    ...companyPage,
    post: '/tenants/:id/decide',
    permission: 'tenants.manage',
    form: decisionForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save({ status, reason }, { ctx, params, t }) {
      const outcome = await decideCompany(ctx, params.id, status, reason);
      if (outcome === 'not_found') throw notFound('This company');
      if (outcome === 'own') return { kind: 'refused', title: t('tenants.own_door') };
      return seeOther(`/tenants/${params.id}?told=${status}`);
    },
  }),
  ...formPages({
    ...companyPage,
    post: '/tenants/:id/act',
    permission: 'tenants.impersonate',
    form: actForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save({ act_as, act_reason }, { ctx, params, web, t }) {
      const among = (await listCompanyPeople(ctx, params.id)).find((one) => one.id.toString() === act_as);
      if (!among) return { kind: 'wrong', fields: ['act_as'] };
      const secret = await impersonate(ctx, among.id, act_reason, undefined);
      return secret === undefined
        ? { kind: 'refused', title: t('tenants.act_refused') }
        : seeOther('/', actingCookies(web, secret));
    },
  }),
];
