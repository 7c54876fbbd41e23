import { DateTime } from 'luxon';
import { z } from 'zod';
import { readDecimal } from '../ui';
import { newDiscount, type Discount, type NewDiscount } from './schema';

/** The form as it was typed. Plans come as one field each, `plan_12`. */
export const discountForm = z.record(z.string(), z.string().max(200));
export type DiscountForm = z.output<typeof discountForm>;

export type DiscountFormOutcome = { kind: 'read'; input: NewDiscount } | { kind: 'wrong'; fields: string[] };

/** The discount that a form asks for, or the fields in the way. Days are whole days by the company's clock; the last one is included. */
export function readDiscount(form: DiscountForm, zone: string): DiscountFormOutcome {
  const text = (name: string) => form[name]?.trim() ?? '';
  const wrong = new Set<string>();
  const number = (name: string, decimals: number): number | null => {
    if (text(name) === '') return null;
    const value = readDecimal(text(name), decimals);
    if (value === undefined) wrong.add(name);
    return value ?? null;
  };
  const day = (name: string, plus: number): string | null => {
    if (text(name) === '') return null;
    const at = DateTime.fromISO(text(name), { zone });
    if (!at.isValid) wrong.add(name);
    return at.isValid ? at.plus({ days: plus }).startOf('day').toUTC().toISO() : null;
  };
  const byAmount = text('kind') === 'amount';
  const parsed = newDiscount.safeParse({
    name: text('name'),
    code: text('code') || null,
    percent: byAmount ? null : number('percent', 0),
    amount_cents: byAmount ? number('amount', 2) : null,
    starts_at: day('starts', 0),
    ends_at: day('ends', 1),
    uses_max: number('uses_max', 0),
    uses_per_client_max: number('uses_per_client', 0),
    first_purchase_only: text('first') === 'yes',
    package_ids: Object.keys(form)
      .filter((name) => /^plan_\d{1,18}$/.test(name))
      .map((name) => name.slice(5)),
  });
  const names: Record<string, string> = {
    amount_cents: 'amount',
    starts_at: 'starts',
    ends_at: 'ends',
    uses_per_client_max: 'uses_per_client',
  };
  for (const { path } of parsed.error?.issues ?? []) {
    const name = names[String(path[0])] ?? String(path[0]);
    wrong.add(name === 'percent' && byAmount ? 'amount' : name);
  }
  return parsed.success && wrong.size === 0
    ? { kind: 'read', input: parsed.data }
    : { kind: 'wrong', fields: [...wrong] };
}

/** A discount as its form shows it. */
export function discountValues(discount: Discount, zone: string): DiscountForm {
  const day = (iso: string | null, minus: number) =>
    iso === null ? '' : (DateTime.fromISO(iso, { zone }).minus({ seconds: minus }).toISODate() ?? '');
  return {
    name: discount.name,
    code: discount.code ?? '',
    kind: discount.percent === null ? 'amount' : 'percent',
    percent: discount.percent === null ? '' : String(discount.percent),
    amount: discount.amount_cents === null ? '' : (discount.amount_cents / 100).toFixed(2).replace(/\.00$/, ''),
    starts: day(discount.starts_at, 0),
    ends: day(discount.ends_at, 1),
    uses_max: discount.uses_max === null ? '' : String(discount.uses_max),
    uses_per_client: discount.uses_per_client_max === null ? '' : String(discount.uses_per_client_max),
    first: discount.first_purchase_only ? 'yes' : '',
    version: String(discount.version),
    ...Object.fromEntries(discount.packages.map((plan) => [`plan_${plan.id}`, 'yes'])),
  };
}
