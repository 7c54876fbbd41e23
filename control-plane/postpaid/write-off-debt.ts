import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

export interface WrittenOff {
  currency: string;
  amount_cents: bigint;
}

/** Gives up all that a customer owes, with the reason in the books and the audit. An empty list where nothing is owed. */
export async function writeOffDebt(ctx: Context, subscriberId: bigint, reason: string): Promise<WrittenOff[]> {
  const rows = await ctx.tx.$queryRaw<WrittenOff[]>`
    SELECT currency, amount_cents FROM postpaid_write_off(${subscriberId}::bigint, ${reason})`;
  for (const { currency, amount_cents } of rows)
    await recordAudit(
      ctx,
      'postpaid.write_off',
      { type: 'subscriber', id: subscriberId },
      { currency, amount_cents, reason },
    );
  return rows;
}
