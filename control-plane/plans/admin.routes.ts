import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, formatBytes, formatMoney, formatSpeed, pagerOf, readDecimal, readerFor } from '../ui';
import type { Reader } from '../ui';
import { archivePackage } from './archive-package';
import { createPackage } from './create-package';
import { listPackages } from './queries';
import { newPackage } from './schema';
import type { Package } from './schema';

const UNITS = ['hour', 'day', 'week', 'month'] as const;
const decimal = (decimals: number) => z.string().transform((text) => readDecimal(text, decimals));
const optional = (decimals: number) =>
  z.union([z.literal('').transform(() => undefined), decimal(decimals).pipe(z.int().min(1))]).optional();

/** The form speaks in shillings, Mbit/s and gigabytes; the plan is kept in cents, kbit/s and bytes. */
const planForm = z.object({
  name: z.string().trim().min(1).max(80),
  type: z.enum(['pppoe', 'hotspot']),
  price: decimal(2).pipe(z.int().min(0)),
  count: z
    .string()
    .regex(/^\d{1,4}$/)
    .transform(Number)
    .pipe(z.int().min(1)),
  unit: z.enum(UNITS),
  down: decimal(3).pipe(z.int().min(1).max(100_000_000)),
  up: decimal(3).pipe(z.int().min(1).max(100_000_000)),
  quota: optional(9),
  on_quota: z.enum(['cut', 'throttle']).default('cut'),
  slow: optional(3),
});
type PlanForm = z.output<typeof planForm>;

/** Subscriptions that run on each plan, whatever its version. */
async function runningOn(ctx: Context): Promise<Map<string, number>> {
  const rows = await ctx.tx.$queryRaw<{ plan_id: bigint; count: bigint }[]>`
    SELECT v.plan_id, count(*) AS count FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id WHERE s.status = 'active' GROUP BY v.plan_id`;
  return new Map(rows.map((row) => [row.plan_id.toString(), Number(row.count)]));
}

function printPlan(plan: Package, running: number, { locale, t }: Reader) {
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
    kind: t(`plans.kind_${plan.type}`),
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

function formModel(values: Record<string, string>, errors: Record<string, string>, currency: string, reader: Reader) {
  const { t } = reader;
  const field = fieldsOf('plans', values, errors, reader);
  const choice = (name: string, options: readonly string[], fallback: string) =>
    field(name, {
      options: options.map((value) => ({
        value,
        label: t(`plans.${name}_${value}`),
        selected: value === (values[name] ?? fallback),
      })),
    });
  return {
    title: t('plans.new_title'),
    errors: formErrors(errors),
    name: field('name', { required: true, max: 80, help: t('plans.name_help') }),
    type: choice('type', ['pppoe', 'hotspot'], 'pppoe'),
    price: field('price', { required: true, mode: 'decimal', unit: currency }),
    count: field('count', { required: true, mode: 'numeric', value: values['count'] ?? '1' }),
    unit: choice('unit', UNITS, 'month'),
    down: field('down', { required: true, mode: 'decimal', unit: 'Mbps' }),
    up: field('up', { required: true, mode: 'decimal', unit: 'Mbps' }),
    quota: field('quota', { mode: 'decimal', unit: 'GB', help: t('plans.quota_help') }),
    on_quota: choice('on_quota', ['throttle', 'cut'], 'throttle'),
    slow: field('slow', { mode: 'decimal', unit: 'Mbps', help: t('plans.slow_help') }),
  };
}

function toInput(form: PlanForm) {
  const slow = form.slow ?? null;
  return newPackage.safeParse({
    name: form.name,
    type: form.type,
    price_cents: form.price,
    validity: { count: form.count, unit: form.unit },
    down_kbps: form.down,
    up_kbps: form.up,
    quota_bytes: form.quota ?? null,
    on_quota: form.quota === undefined ? 'cut' : form.on_quota,
    throttle_down_kbps: form.on_quota === 'throttle' ? slow : null,
    throttle_up_kbps: form.on_quota === 'throttle' ? slow : null,
  });
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
      Promise.resolve(view('plans/new', formModel({}, {}, person.tenant.currency, readerFor(ctx, person)))),
  }),
  pageRoute({
    method: 'POST',
    path: '/plans',
    permission: 'plans.write',
    form: planForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const again = (values: Record<string, string>, fields: Record<string, string>) =>
        view('plans/new', formModel(values, fields, person.tenant.currency, reader), { status: 422 });
      if (!form.ok)
        return again(
          form.values,
          Object.fromEntries(Object.keys(form.fields).map((name) => [name, reader.t(`plans.${name}_needed`)])),
        );
      const raw = Object.fromEntries(
        Object.entries(form.value).map(([name, value]) => [name, value === undefined ? '' : String(value)]),
      );
      const shown = {
        ...raw,
        price: String(form.value.price / 100),
        down: String(form.value.down / 1000),
        up: String(form.value.up / 1000),
        quota: form.value.quota ? String(form.value.quota / 1e9) : '',
        slow: form.value.slow ? String(form.value.slow / 1000) : '',
      };
      const input = toInput(form.value);
      if (!input.success) return again(shown, { slow: reader.t('plans.slow_needed') });
      const outcome = await createPackage(ctx, input.data);
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
