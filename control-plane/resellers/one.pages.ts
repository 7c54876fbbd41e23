import type { Context } from '../platform/context';
import { view, type PageResult } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, formatCount, formatMoney, readerFor } from '../ui';
import { listBatches } from '../vouchers';
import { printFloat, printRule, printStock, stateOf } from './admin.view';
import { findReseller, listStock } from './queries';
import { listRules } from './save-rule';
import { topUpMethods } from './schema';

const TOLD = ['invited', 'topped_up', 'prompted', 'stocked', 'taken_back', 'assigned', 'suspend', 'resume'] as const;

/** A form of the page that was refused: shown again with its values and words. */
export interface Refused {
  values?: Record<string, string>;
  errors?: Record<string, string>;
  status?: number;
  told?: string | undefined;
}

/** A reseller with their float, people, stock and rules, and the forms for what may be done. @throws Problem 404 */
export async function resellerPage(
  ctx: Context,
  person: Person,
  id: bigint,
  { values = {}, errors = {}, status = 200, told }: Refused = {},
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const one = await findReseller(ctx, id);
  if (!one) throw notFound('That reseller');
  const may = (permission: 'resellers.write' | 'resellers.float') => person.actor.permissions.has(permission);
  const field = fieldsOf('resellers', values, errors, reader);
  const known = TOLD.find((word) => word === told);
  const people = await ctx.tx.$queryRaw<{ id: bigint; name: string; email: string }[]>`
    SELECT id, name, email FROM staff WHERE reseller_id = ${id} AND disabled_at IS NULL ORDER BY id LIMIT 50`;
  return view(
    'resellers/one',
    {
      title: one.name,
      href: `/resellers/${id}`,
      told: known && { text: t(`resellers.told_${known}`) },
      errors: formErrors(errors),
      state: stateOf(one, reader),
      suspended: one.state === 'suspended',
      client: `/subscribers/${one.client_id}`,
      phone: one.phone,
      float: printFloat(one, reader),
      limit: formatMoney(one.credit_limit_cents, one.currency, locale),
      commission: formatMoney(one.commission_cents, one.currency, locale),
      customers: formatCount(one.customers, locale),
      people: people.map(({ id: staffId, name, email }) => ({ href: `/staff/${staffId}`, name, email })),
      rules: (await listRules(ctx, { reseller_id: id })).map((rule) => printRule(rule, reader, one.currency)),
      stock: (await listStock(ctx, id)).map((batch) => printStock(batch, reader)),
      mayWrite: may('resellers.write'),
      topUp: may('resellers.float') && {
        amount: field('amount', { mode: 'decimal', required: true, unit: one.currency }),
        method: field('method', {
          options: topUpMethods.map((method) => ({
            value: method,
            label: t(`payments.method_${method}`),
            selected: method === values['method'],
          })),
        }),
        reference: field('reference', { max: 100, autocomplete: 'off', help: t('resellers.reference_help') }),
      },
      assign: may('resellers.float') && (await assignForm(ctx, field, values, reader)),
      invite: may('resellers.write') && {
        name: field('person_name', { required: true, max: 120, autocomplete: 'off' }),
        email: field('email', { required: true, type: 'email', max: 254, autocomplete: 'off' }),
      },
      customer:
        may('resellers.write') &&
        field('customer', {
          mode: 'numeric',
          required: true,
          max: 19,
          autocomplete: 'off',
          help: t('resellers.customer_help'),
        }),
    },
    { status },
  );
}

/** Batches that can be handed over: open and of nobody yet. */
async function assignForm(
  ctx: Context,
  field: ReturnType<typeof fieldsOf>,
  values: Record<string, string>,
  { t, locale }: ReturnType<typeof readerFor>,
) {
  const free = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM voucher_batch WHERE tenant_id = ${ctx.tenantId} AND reseller_id IS NULL AND voucher_is_open(voided_at, valid_until) ORDER BY id DESC LIMIT 200`;
  const ids = new Set(free.map(({ id }) => id.toString()));
  const { items } = await listBatches(ctx, { state: 'open', limit: 200, before: undefined });
  const batches = items.filter((one) => ids.has(one.id) && one.used < one.count);
  if (batches.length === 0) return { none: t('resellers.no_batches') };
  return {
    batch: field('batch', {
      options: batches.map((one) => ({
        value: one.id,
        label: t('resellers.batch_option', {
          number: one.id,
          plan: one.package_name,
          count: formatCount(one.count - one.used, locale),
          price: formatMoney(one.price_cents, one.currency, locale),
        }),
        selected: one.id === values['batch'],
      })),
    }),
    codes: field('codes', { mode: 'numeric', max: 6, autocomplete: 'off', help: t('resellers.codes_help') }),
    wholesale: field('wholesale', { mode: 'decimal', required: true, help: t('resellers.wholesale_help') }),
    charged: field('charged', {
      options: ['assignment', 'sale'].map((value) => ({
        value,
        label: t(`resellers.charged_${value}`),
        selected: value === values['charged'],
      })),
      help: t('resellers.charged_help'),
    }),
  };
}
