import { recordAudit } from '../../audit';
import type { Context } from '../../platform/context';
import { pageOf, type Page } from '../../platform/http/input';
import type { Reading } from './columns';

/** An account at a bank whose statements are brought as files. */
export interface Bank {
  id: bigint;
  name: string;
  currency: string;
  /** As somebody said it for its last file; empty before the first. */
  reading: Partial<Reading>;
}

export type ListedBank = Bank & { statements: number; until: Date | null };

/** Accounts at banks, newest first, with how far their statements reach. */
export async function listBanks(
  ctx: Context,
  page: { limit: number; before: bigint | undefined },
): Promise<Page<ListedBank>> {
  const rows = await ctx.tx.$queryRaw<ListedBank[]>`
    SELECT b.id, b.name, b.currency, b.reading, (SELECT count(*)::int FROM payment_statement s WHERE s.bank_id = b.id) AS statements,
      (SELECT max(s.to_at) FROM payment_statement s WHERE s.bank_id = b.id) AS until
    FROM payment_bank b WHERE b.tenant_id = ${ctx.tenantId} AND b.id < ${page.before ?? 9_223_372_036_854_775_807n} ORDER BY b.id DESC LIMIT ${page.limit + 1}`;
  return pageOf(rows, page.limit, (row) => row.id);
}

export async function findBank(ctx: Context, id: bigint): Promise<Bank | undefined> {
  const [row] = await ctx.tx.$queryRaw<Bank[]>`
    SELECT id, name, currency, reading FROM payment_bank WHERE tenant_id = ${ctx.tenantId} AND id = ${id}`;
  return row;
}

/** A new account; undefined where one of that name is there. */
export async function addBank(
  ctx: Context,
  { name, currency }: { name: string; currency: string },
): Promise<bigint | undefined> {
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment_bank (tenant_id, name, currency, created_by) VALUES (${ctx.tenantId}, ${name}, ${currency}, ${staffId}::bigint)
    ON CONFLICT (tenant_id, lower(name)) DO NOTHING RETURNING id`;
  if (row) await recordAudit(ctx, 'payments.bank', { type: 'payment_bank', id: row.id }, { name, currency });
  return row?.id;
}

export async function keepReading(ctx: Context, id: bigint, reading: Reading): Promise<void> {
  await ctx.tx.$executeRaw`UPDATE payment_bank SET reading = ${JSON.stringify(reading)}::jsonb WHERE id = ${id}`;
}
