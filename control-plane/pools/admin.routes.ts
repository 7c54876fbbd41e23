import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages, readerFor, sparkline, type FormRefusal, type FormView, type Reader } from '../ui';
import { printPool } from './admin.view';
import { poolList } from './list.routes';
import { findPool, peaksOf } from './queries';
import { changePool, createPool, removePool, type PoolOutcome } from './save-pool';
import { newPool, poolKinds, type NewPool, type Pool } from './schema';

const poolForm = z.record(z.string(), z.string().max(4000));
type Values = z.output<typeof poolForm>;

/** The pool that a form asks for, or the fields in the way. */
function readPool(values: Values): { kind: 'read'; input: NewPool } | { kind: 'wrong'; fields: string[] } {
  const text = (name: string) => values[name]?.trim() ?? '';
  const number = (name: string) =>
    /^\d{1,3}$/.test(text(name)) ? Number(text(name)) : text(name) === '' ? undefined : NaN;
  const parsed = newPool.safeParse({
    name: text('name'),
    kind: text('kind'),
    ranges: text('ranges'),
    each_length: number('each_length'),
    alert_percent: number('alert_percent'),
    router_ids: Object.keys(values)
      .filter((name) => /^router_\d{1,18}$/.test(name))
      .map((name) => name.slice(7)),
  });
  if (parsed.success) return { kind: 'read', input: parsed.data };
  return { kind: 'wrong', fields: [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))] };
}

/** The length that each customer of an IPv6 pool gets, out of its prefixes and the room that they have: size = Σ 2^(each − length). */
function eachLengthOf({ kind, ranges, size }: Pool): string {
  if (kind !== 'ipv6' && kind !== 'delegated') return '';
  const share = ranges.reduce((sum, range) => sum + 2 ** -Number(range.split('/')[1]), 0);
  return String(Math.min(128, Math.round(Math.log2(size) - Math.log2(share))));
}

function valuesOf(pool: Pool): Values {
  return {
    name: pool.name,
    kind: pool.kind,
    ranges: pool.ranges.join(', '),
    each_length: eachLengthOf(pool),
    alert_percent: String(pool.alert_percent),
    version: String(pool.version),
    ...Object.fromEntries(pool.routers.map((one) => [`router_${one.id}`, 'yes'])),
  };
}

const poolPage: FormView<Pool | undefined> = {
  slice: 'pools',
  view: 'pools/form',
  values: (pool) => (pool ? valuesOf(pool) : {}),
  async draw({ values, field }, { ctx, about: pool, t }) {
    const routers = await ctx.tx.$queryRaw<{ id: bigint; name: string }[]>`
      SELECT id, name FROM nas WHERE tenant_id = ${ctx.tenantId} ORDER BY lower(name) LIMIT 500`;
    const kinds = poolKinds.map((value) => ({
      value,
      label: t(`pools.kind_${value}`),
      selected: value === (values['kind'] ?? 'ipv4'),
    }));
    return {
      title: pool ? t('pools.edit_title', { name: pool.name }) : t('pools.new_title'),
      action: pool ? `/pools/${pool.id}/edit` : '/pools',
      back: pool ? `/pools/${pool.id}` : '/pools',
      version: pool?.version,
      name: field('name', { required: true, max: 64, autocomplete: 'off', help: t('pools.name_help') }),
      kind: field('kind', { options: kinds }),
      ranges: field('ranges', { required: true, autocomplete: 'off', help: t('pools.ranges_help') }),
      each_length: field('each_length', { mode: 'numeric', help: t('pools.each_length_help') }),
      alert_percent: field('alert_percent', {
        mode: 'numeric',
        unit: '%',
        value: values['alert_percent'] ?? '90',
        help: t('pools.alert_percent_help'),
      }),
      routers: routers.map((one) => ({
        name: `router_${one.id}`,
        label: one.name,
        checked: values[`router_${one.id}`] === 'yes',
      })),
    };
  },
};

/** What saving came to, for the form. */
function afterSaving(outcome: PoolOutcome, { t }: Reader): PageResult | FormRefusal {
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/pools/${outcome.pool.id}`);
    case 'not_found':
      throw notFound('That pool');
    case 'name_taken':
      return { kind: 'refused', errors: { name: t('pools.name_taken') } };
    case 'overlaps':
      return { kind: 'refused', errors: { ranges: t('pools.overlaps', { pool: outcome.pool }) } };
    case 'holds_static': {
      const { address, username } = outcome;
      return { kind: 'refused', errors: { ranges: t('pools.holds_static', { address, username }) } };
    }
    case 'invalid':
      return { kind: 'wrong', fields: Object.keys(outcome.fields) };
    case 'changed_meanwhile':
      return { kind: 'changed' };
  }
}

async function mustFind(ctx: Context, id: bigint): Promise<Pool> {
  const pool = await findPool(ctx, id);
  if (!pool) throw notFound('That pool');
  return pool;
}

export const pageRoutes: PageRoute[] = [
  ...poolList,
  ...formPages({
    ...poolPage,
    page: '/pools/new',
    post: '/pools',
    permission: 'pools.write',
    form: poolForm,
    async save(values, { ctx, reader }) {
      const read = readPool(values);
      return read.kind === 'wrong' ? read : afterSaving(await createPool(ctx, read.input), reader);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/pools/:id',
    permission: 'pools.read',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const pool = await mustFind(ctx, params.id);
      const peaks = await peaksOf(ctx, params.id);
      return view('pools/pool', {
        title: pool.name,
        pool: printPool(pool, reader),
        alert: reader.t('pools.alert_at', { percent: pool.alert_percent }),
        chart: sparkline(peaks.map((one) => Number(one.used_max))),
        mayWrite: person.actor.permissions.has('pools.write'),
      });
    },
  }),
  ...formPages({
    ...poolPage,
    page: '/pools/:id/edit',
    post: '/pools/:id/edit',
    permission: 'pools.write',
    form: poolForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save(values, { ctx, params, reader }) {
      const read = readPool(values);
      const version = Number(values['version']) || 0;
      return read.kind === 'wrong' ? read : afterSaving(await changePool(ctx, params.id, version, read.input), reader);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/pools/:id/remove',
    permission: 'pools.write',
    async run(ctx, { params }) {
      if ((await removePool(ctx, params.id)) === 'not_found') throw notFound('That pool');
      return seeOther('/pools');
    },
  }),
];
