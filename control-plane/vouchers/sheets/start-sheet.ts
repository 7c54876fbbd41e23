import { recordAudit } from '../../audit';
import type { Context } from '../../platform/context';
import { findSheet } from './queries';
import type { NewSheet, Sheet } from './schema';

export type SheetOutcome = { kind: 'done'; sheet: Sheet } | { kind: 'not_found' } | { kind: 'none_unused' };

/** Has the unused codes of a batch drawn as PDF; a job does it, some hundred codes a second. */
export async function startSheet(ctx: Context, batchId: bigint, input: NewSheet): Promise<SheetOutcome> {
  const [batch] = await ctx.tx.$queryRaw<{ unused: bigint }[]>`
    SELECT (SELECT count(*) FROM voucher u WHERE u.batch_id = b.id AND u.used_at IS NULL AND voucher_is_open(b.voided_at, b.valid_until)) AS unused
    FROM voucher_batch b WHERE b.id = ${batchId} AND b.tenant_id = ${ctx.tenantId}`;
  if (!batch) return { kind: 'not_found' };
  if (batch.unused === 0n) return { kind: 'none_unused' };
  const { paper, language = 'en', login = '' } = input;
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO voucher_sheet (tenant_id, batch_id, paper, locale, login, total, created_name)
    VALUES (${ctx.tenantId}, ${batchId}, ${paper}, ${language}, ${login}, ${Number(batch.unused)}, ${ctx.actor.name}) RETURNING id`;
  if (!made) throw new Error('The new sheet has no id.');
  const payload = JSON.stringify({ tenant: ctx.tenantId.toString(), sheet: made.id.toString() });
  await ctx.tx
    .$executeRaw`SELECT job_enqueue('vouchers.draw-sheet', ${payload}::json, NULL, ${`voucher-sheet:${made.id}`})`;
  await recordAudit(ctx, 'vouchers.print', { type: 'voucher_batch', id: batchId }, { paper, codes: batch.unused });
  const sheet = await findSheet(ctx, made.id);
  if (!sheet) throw new Error(`sheet ${made.id} is gone after its creation`);
  return { kind: 'done', sheet };
}
