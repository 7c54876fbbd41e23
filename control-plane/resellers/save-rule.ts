import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import type { NewRule, Rule } from './schema';

export type RuleOutcome = { kind: 'done'; id: bigint } | { kind: 'invalid'; fields: Record<string, string> };

/** Adds a rule. Sales before its day keep what they earned; one for the same reseller, plan and tier that runs on that day ends then. */
export async function createRule(ctx: Context, input: NewRule): Promise<RuleOutcome> {
  const from = input.valid_from === undefined ? ctx.now : new Date(input.valid_from);
  if (from.getTime() < ctx.now.getTime() - 60_000)
    return { kind: 'invalid', fields: { valid_from: 'must not lie in the past: what was sold keeps what it earned' } };
  const reseller = input.reseller_id ?? null;
  const plan = input.package_id ?? null;
  const [known] = await ctx.tx.$queryRaw<{ reseller: boolean; plan: boolean }[]>`
    SELECT ${reseller}::bigint IS NULL OR EXISTS (SELECT FROM reseller WHERE id = ${reseller}::bigint) AS reseller,
           ${plan}::bigint IS NULL OR EXISTS (SELECT FROM plan WHERE id = ${plan}::bigint) AS plan`;
  if (!known?.reseller)
    return { kind: 'invalid', fields: { reseller_id: 'is no reseller of yours; list /api/resellers' } };
  if (!known.plan) return { kind: 'invalid', fields: { package_id: 'is no package of yours; list /api/packages' } };
  const tier = input.from_month_cents ?? 0;
  await ctx.tx.$executeRaw`
    UPDATE reseller_rule SET valid_to = greatest(valid_from, ${from}::timestamptz)
    WHERE tenant_id = ${ctx.tenantId} AND reseller_id IS NOT DISTINCT FROM ${reseller}::bigint AND plan_id IS NOT DISTINCT FROM ${plan}::bigint
      AND from_month_cents = ${tier} AND (valid_to IS NULL OR valid_to > ${from}::timestamptz)`;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO reseller_rule (tenant_id, reseller_id, plan_id, percent_bp, amount_cents, from_month_cents, valid_from, created_by)
    VALUES (${ctx.tenantId}, ${reseller}::bigint, ${plan}::bigint, ${input.percent_bp ?? null}::int, ${input.amount_cents ?? null}::bigint, ${tier}, ${from},
            ${ctx.actor.kind === 'staff' ? ctx.actor.id : null}::bigint) RETURNING id`;
  if (!row) throw new Error('The new rule has no id.');
  await recordAudit(ctx, 'resellers.add_rule', { type: 'reseller_rule', id: row.id }, { ...input, valid_from: from });
  return { kind: 'done', id: row.id };
}

/** Ends a rule now; one that has not begun never does. */
export async function endRule(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const count = await ctx.tx.$executeRaw`
    UPDATE reseller_rule SET valid_to = greatest(valid_from, ${ctx.now}::timestamptz) WHERE id = ${id} AND (valid_to IS NULL OR valid_to > ${ctx.now}::timestamptz)`;
  if (count === 0) return 'not_found';
  await recordAudit(ctx, 'resellers.end_rule', { type: 'reseller_rule', id });
  return 'done';
}

/** Rules that hold now or will, newest first; with `all`, those that have ended too. Of one reseller: those that their sales may fall under. */
export async function listRules(
  ctx: Context,
  filter: { reseller_id?: bigint | undefined; all?: boolean },
): Promise<Rule[]> {
  const where = [Prisma.sql`r.tenant_id = ${ctx.tenantId}`];
  if (!filter.all) where.push(Prisma.sql`(r.valid_to IS NULL OR r.valid_to > ${ctx.now})`);
  if (filter.reseller_id !== undefined)
    where.push(Prisma.sql`(r.reseller_id IS NULL OR r.reseller_id = ${filter.reseller_id})`);
  const rows = await ctx.tx.$queryRaw<
    {
      id: bigint;
      reseller_id: bigint | null;
      reseller_name: string | null;
      plan_id: bigint | null;
      plan_name: string | null;
      percent_bp: number | null;
      amount_cents: bigint | null;
      from_month_cents: bigint;
      valid_from: Date;
      valid_to: Date | null;
    }[]
  >`
    SELECT r.id, r.reseller_id, x.name AS reseller_name, r.plan_id, p.name AS plan_name, r.percent_bp, r.amount_cents, r.from_month_cents, r.valid_from, r.valid_to
    FROM reseller_rule r LEFT JOIN reseller x ON x.id = r.reseller_id LEFT JOIN plan p ON p.id = r.plan_id
    WHERE ${Prisma.join(where, ' AND ')} ORDER BY r.valid_from DESC, r.id DESC LIMIT 500`;
  return rows.map((row) => ({
    id: row.id.toString(),
    reseller_id: row.reseller_id?.toString() ?? null,
    reseller_name: row.reseller_name,
    package_id: row.plan_id?.toString() ?? null,
    package_name: row.plan_name,
    percent_bp: row.percent_bp,
    amount_cents: row.amount_cents === null ? null : Number(row.amount_cents),
    from_month_cents: Number(row.from_month_cents),
    valid_from: row.valid_from.toISOString(),
    valid_to: row.valid_to?.toISOString() ?? null,
  }));
}
