import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatBytes, formatMoney, formatSpeed, pagerOf, readerFor } from '../ui';
import type { Reader } from '../ui';
import { archivePackage } from './archive-package';
import { createPackage } from './create-package';
import { planForm, readPlan, type PlanForm } from './plan-form';
import { planFormModel, planFormWord } from './plan-form.view';
import { listPackages } from './queries';
import type { Package } from './schema';

/** Subscriptions that run on each plan, whatever its version. */
async function runningOn(ctx: Context): Promise<Map<string, number>> {
  const rows = await ctx.tx.$queryRaw<{ plan_id: bigint; count: bigint }[]>`
    SELECT v.plan_id, count(*) AS count FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id WHERE s.status = 'active' GROUP BY v.plan_id`;
  return new Map(rows.map((row) => [row.plan_id.toString(), Number(row.count)]));
}

function printPlan(plan: Package, running: number, reader: Reader) {
  const { locale, t } = reader;
  const speed = (kbps: number) => formatSpeed(kbps, locale);
  const quota = plan.quota_bytes === null ? t('ui.no_limit') : formatBytes(plan.quota_bytes, locale);
  const after =
    plan.quota_bytes === null
      ? ''
      : plan.on_quota === 'cut'
        ? t('plans.then_cut')
        : t('plans.then_slow', { speed: speed(plan.throttle_down_kbps ?? 0) });
  return {
    id: plan.id,
    name: plan.name,
    kind: [t(`plans.kind_${plan.type}`), ...extras(plan, reader)].join(' · '),
    price: formatMoney(plan.price_cents, plan.currency, locale),
    validity: t(`plans.for_${plan.validity.unit}`, { count: plan.validity.count }),
    down: speed(plan.down_kbps),
    up: t('plans.up_side', { up: speed(plan.up_kbps) }),
    quota,
    after,
    running: String(running),
    version: t('plans.version', { version: plan.version }),
  };
}

/** Fields as they were typed, for showing the form again. */
const typed = (form: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );

/** Numbers of a form in the units they were typed in. */
function shownAgain(form: PlanForm): Record<string, string> {
  const number = (value: number | undefined, unit: number) => (value === undefined ? '' : String(value / unit));
  return {
    ...typed(form),
    count: String(form.count),
    price: number(form.price, 100),
    down: number(form.down, 1000),
    up: number(form.up, 1000),
    quota: number(form.quota, 1e9),
    slow: number(form.slow, 1000),
    online_hours: number(form.online_hours, 100),
    grace_hours: number(form.grace_hours, 1),
    devices: number(form.devices, 1),
    burst_down: number(form.burst_down, 1000),
    burst_up: number(form.burst_up, 1000),
    burst_time: number(form.burst_time, 1),
    vlan_id: number(form.vlan_id, 1),
  };
}

/** What a plan says beyond speed, data and price, in a few words each. */
function extras(plan: Package, { t, locale }: Reader): string[] {
  const first = plan.fair_use?.[0];
  return [
    ...(plan.starts_on === 'first_use' ? [t('plans.has_first_use')] : []),
    ...(plan.quota_cycle ? [t(`plans.has_cycle_${plan.quota_cycle}`)] : []),
    ...(first
      ? [t('plans.has_steps', { at: formatBytes(first.at_bytes, locale), speed: formatSpeed(first.down_kbps, locale) })]
      : []),
    ...(plan.time_rules ? [t('plans.has_hours')] : []),
    ...(plan.online_s ? [t('plans.has_online', { hours: plan.online_s / 3600 })] : []),
  ];
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/plans',
    permission: 'plans.read',
    query: listQuery,
    async run(ctx, { query }, _web, person) {
      const reader = readerFor(ctx, person);
      const page = await listPackages(ctx, {
        q: query.q || undefined,
        limit: query.limit,
        before: cursorId(query.cursor),
      });
      const running = await runningOn(ctx);
      const mayAdd = person.actor.permissions.has('plans.write');
      return view('plans/list', {
        title: reader.t('plans.title'),
        mayAdd,
        rows: page.items.map((plan) => printPlan(plan, running.get(plan.id) ?? 0, reader)),
        empty: {
          text: reader.t('plans.empty'),
          ...(mayAdd ? { href: '/plans/new', step: reader.t('plans.add'), action: true } : {}),
        },
        pager: pagerOf(
          '/plans',
          new URLSearchParams(),
          { cursor: query.cursor, next: page.nextCursor, limit: query.limit },
          reader,
        ),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/plans/new',
    permission: 'plans.write',
    run: (ctx, _input, _web, person) =>
      Promise.resolve(view('plans/new', planFormModel({}, {}, person.tenant.currency, readerFor(ctx, person)))),
  }),
  pageRoute({
    method: 'POST',
    path: '/plans',
    permission: 'plans.write',
    form: planForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const again = (values: Record<string, string>, fields: Record<string, string>) =>
        view('plans/new', planFormModel(values, fields, person.tenant.currency, reader), { status: 422 });
      const wrong = (names: string[]) => Object.fromEntries(names.map((name) => [name, planFormWord(name, reader)]));
      if (!form.ok) return again(form.values, wrong(Object.keys(form.fields)));
      const shown = shownAgain(form.value);
      const plan = readPlan(form.value);
      if (plan.kind === 'wrong') return again(shown, wrong(plan.fields));
      const outcome = await createPackage(ctx, plan.input);
      if (outcome.kind === 'done') return seeOther('/plans');
      if (outcome.kind === 'name_taken') return again(shown, { name: reader.t('plans.name_taken') });
      return again(shown, outcome.kind === 'invalid' ? outcome.fields : {});
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/:id/archive',
    permission: 'plans.write',
    async run(ctx, { params }) {
      if ((await archivePackage(ctx, params.id)) === 'not_found') throw notFound('That plan');
      return seeOther('/plans');
    },
  }),
];
