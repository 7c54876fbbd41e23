import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { findDiscount } from './queries';
import type { Discount, NewDiscount } from './schema';

export type DiscountOutcome =
  | { kind: 'done'; discount: Discount }
  | { kind: 'not_found' }
  | { kind: 'code_taken' }
  | { kind: 'changed_meanwhile'; version: number }
  | { kind: 'invalid'; fields: Record<string, string> };

/** Adds a discount. A code belongs to one discount at a time. */
export async function createDiscount(ctx: Context, input: NewDiscount): Promise<DiscountOutcome> {
  const refused = await refusal(ctx, input, undefined);
  if (refused) return refused;
  const c = await columns(ctx, input);
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO discount (tenant_id, name, code, percent, amount_cents, currency, starts_at, ends_at, uses_max, uses_per_subscriber_max, first_purchase_only)
    VALUES (${ctx.tenantId}, ${c.name}, ${c.code}, ${c.percent}, ${c.amount_cents}, ${c.currency}, ${c.starts_at}, ${c.ends_at}, ${c.uses_max},
            ${c.per_subscriber}, ${c.first}) RETURNING id`;
  if (!made) throw new Error('The new discount has no id.');
  return settle(ctx, made.id, input, 'discounts.create');
}

/** Changes a discount from the next purchase on. `version` as it was read: a change by somebody else in between is refused. */
export async function changeDiscount(
  ctx: Context,
  id: bigint,
  version: number,
  input: NewDiscount,
): Promise<DiscountOutcome> {
  const [row] = await ctx.tx.$queryRaw<{ version: number }[]>`
    SELECT version FROM discount WHERE id = ${id} AND archived_at IS NULL FOR NO KEY UPDATE`;
  if (!row) return { kind: 'not_found' };
  if (row.version !== version) return { kind: 'changed_meanwhile', version: row.version };
  const refused = await refusal(ctx, input, id);
  if (refused) return refused;
  const c = await columns(ctx, input);
  await ctx.tx.$executeRaw`
    UPDATE discount SET name = ${c.name}, code = ${c.code}, percent = ${c.percent}, amount_cents = ${c.amount_cents}, currency = ${c.currency},
      starts_at = ${c.starts_at}, ends_at = ${c.ends_at}, uses_max = ${c.uses_max}, uses_per_subscriber_max = ${c.per_subscriber},
      first_purchase_only = ${c.first}, version = version + 1 WHERE id = ${id}`;
  return settle(ctx, id, input, 'discounts.change');
}

/** Takes a discount away: no purchase gets it any more. What was bought with it stays as it is, and its code is free again. */
export async function archiveDiscount(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const count = await ctx.tx.$executeRaw`
    UPDATE discount SET archived_at = ${ctx.now} WHERE id = ${id} AND archived_at IS NULL`;
  if (count === 0) return 'not_found';
  await recordAudit(ctx, 'discounts.archive', { type: 'discount', id });
  return 'done';
}

async function refusal(
  ctx: Context,
  input: NewDiscount,
  except: bigint | undefined,
): Promise<DiscountOutcome | undefined> {
  if (input.code) {
    // Two who take the same code at once: the second waits here, and then sees it taken.
    await ctx.tx
      .$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`discount code ${ctx.tenantId} ${input.code}`}, 0))`;
    const other = await ctx.tx.$queryRaw<unknown[]>`
      SELECT 1 FROM discount WHERE code = ${input.code} AND archived_at IS NULL AND id IS DISTINCT FROM ${except ?? null}::bigint`;
    if (other.length > 0) return { kind: 'code_taken' };
  }
  const wanted = [...new Set(input.package_ids ?? [])];
  const known = await ctx.tx.plan.count({ where: { id: { in: wanted } } });
  return known < wanted.length
    ? { kind: 'invalid', fields: { package_ids: 'names a package that you do not have; list /api/packages' } }
    : undefined;
}

async function columns(ctx: Context, input: NewDiscount) {
  const amount_cents = input.amount_cents ?? null;
  const tenant = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  const at = (text: string | null | undefined) => (text ? new Date(text) : null);
  return {
    name: input.name,
    code: input.code ?? null,
    percent: input.percent ?? null,
    amount_cents,
    currency: amount_cents === null ? null : tenant.currency,
    starts_at: at(input.starts_at),
    ends_at: at(input.ends_at),
    uses_max: input.uses_max ?? null,
    per_subscriber: input.uses_per_client_max ?? null,
    first: input.first_purchase_only ?? false,
  };
}

async function settle(ctx: Context, id: bigint, input: NewDiscount, action: string): Promise<DiscountOutcome> {
  const plans = [...new Set(input.package_ids ?? [])];
  await ctx.tx.$executeRaw`DELETE FROM discount_plan WHERE discount_id = ${id} AND plan_id <> ALL (${plans}::bigint[])`;
  await ctx.tx.$executeRaw`
    INSERT INTO discount_plan (discount_id, plan_id, tenant_id) SELECT ${id}, p, ${ctx.tenantId} FROM unnest(${plans}::bigint[]) p
    ON CONFLICT DO NOTHING`;
  await recordAudit(ctx, action, { type: 'discount', id }, { ...input, package_ids: plans.slice(0, 50) });
  const discount = await findDiscount(ctx, id);
  if (!discount) throw new Error(`discount ${id} is gone after it was written`);
  return { kind: 'done', discount };
}
