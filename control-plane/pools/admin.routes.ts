import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, readerFor, sparkline, type Reader } from '../ui';
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

interface Asked {
  values: Values;
  pool?: Pool;
  errors?: Record<string, string>;
  status?: number;
  changed?: boolean;
}

async function formPage(ctx: Context, person: Person, asked: Asked): Promise<PageResult> {
  const { values, pool, errors = {}, status = 200 } = asked;
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const field = fieldsOf('pools', values, errors, reader);
  const routers = await ctx.tx.$queryRaw<{ id: bigint; name: string }[]>`
    SELECT id, name FROM nas WHERE tenant_id = ${ctx.tenantId} ORDER BY lower(name) LIMIT 500`;
  const kinds = poolKinds.map((value) => ({
    value,
    label: t(`pools.kind_${value}`),
    selected: value === (values['kind'] ?? 'ipv4'),
  }));
  return view(
    'pools/form',
    {
      title: pool ? t('pools.edit_title', { name: pool.name }) : t('pools.new_title'),
      errors: asked.changed ? { title: t('pools.changed_meanwhile'), fields: [] } : formErrors(errors),
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
    },
    { status },
  );
}

const wrongWords = (names: string[], { t }: Reader): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, t(`pools.${name}_needed`)]));

async function save(
  ctx: Context,
  person: Person,
  asked: Asked,
  write: (input: NewPool) => Promise<PoolOutcome>,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const again = (errors: Record<string, string>) => formPage(ctx, person, { ...asked, errors, status: 422 });
  const read = readPool(asked.values);
  if (read.kind === 'wrong') return again(wrongWords(read.fields, reader));
  const outcome = await write(read.input);
  switch (outcome.kind) {
    case 'done':
      return seeOther(`/pools/${outcome.pool.id}`);
    case 'not_found':
      throw notFound('That pool');
    case 'name_taken':
      return again({ name: t('pools.name_taken') });
    case 'overlaps':
      return again({ ranges: t('pools.overlaps', { pool: outcome.pool }) });
    case 'holds_static':
      return again({ ranges: t('pools.holds_static', { address: outcome.address, username: outcome.username }) });
    case 'invalid':
      return again(wrongWords(Object.keys(outcome.fields), reader));
    case 'changed_meanwhile':
      return formPage(ctx, person, { ...asked, changed: true, status: 409 });
  }
}

export const pageRoutes: PageRoute[] = [
  ...poolList,
  pageRoute({
    method: 'GET',
    path: '/pools/new',
    permission: 'pools.write',
    run: (ctx, _input, _web, person) => formPage(ctx, person, { values: {} }),
  }),
  pageRoute({
    method: 'POST',
    path: '/pools',
    permission: 'pools.write',
    form: poolForm,
    run: (ctx, { form }, _web, person) =>
      save(ctx, person, { values: form.ok ? form.value : form.values }, (input) => createPool(ctx, input)),
  }),
  pageRoute({
    method: 'GET',
    path: '/pools/:id',
    permission: 'pools.read',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const pool = await findPool(ctx, params.id);
      if (!pool) throw notFound('That pool');
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
  pageRoute({
    method: 'GET',
    path: '/pools/:id/edit',
    permission: 'pools.write',
    async run(ctx, { params }, _web, person) {
      const pool = await findPool(ctx, params.id);
      if (!pool) throw notFound('That pool');
      return formPage(ctx, person, { values: valuesOf(pool), pool });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/pools/:id/edit',
    permission: 'pools.write',
    form: poolForm,
    async run(ctx, { params, form }, _web, person) {
      const values = form.ok ? form.value : form.values;
      const pool = await findPool(ctx, params.id);
      if (!pool) throw notFound('That pool');
      const version = Number(values['version']) || 0;
      return save(ctx, person, { values, pool }, (input) => changePool(ctx, params.id, version, input));
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
