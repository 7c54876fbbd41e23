import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { isWhole } from './check-character';
import { findVoucher } from './queries';
import type { Voucher } from './schema';

export type RedeemOutcome =
  | { kind: 'done'; voucher: Voucher }
  | { kind: 'unknown' }
  /** No voucher, and by its check character never one: somebody read or typed a character wrong. */
  | { kind: 'mistyped' }
  | { kind: 'used'; voucher: Voucher }
  | { kind: 'void' }
  | { kind: 'expired' }
  | { kind: 'name_taken' };

/**
 * Begins a voucher now, as its first login would have: from here on it is a subscription whose username is the code. Of any number who ask for the same one at
 * once, also by logging in with it, it is `done` for one.
 */
export async function redeemVoucher(ctx: Context, typed: string): Promise<RedeemOutcome> {
  const before = await findVoucher(ctx, typed);
  if (!before) return { kind: (await isMistyped(ctx, typed)) ? 'mistyped' : 'unknown' };
  if (before.state === 'used') return { kind: 'used', voucher: before };
  if (before.state === 'void' || before.state === 'expired') return { kind: before.state };
  const [begun] = await ctx.tx.$queryRaw<{ fresh: boolean }[]>`SELECT fresh FROM voucher_redeem(${typed})`;
  const voucher = await findVoucher(ctx, typed);
  if (!voucher?.subscription_id) return { kind: 'name_taken' };
  if (begun?.fresh !== true) return { kind: 'used', voucher };
  await recordAudit(
    ctx,
    'vouchers.redeem',
    { type: 'subscription', id: voucher.subscription_id },
    { code: voucher.code },
  );
  return { kind: 'done', voucher };
}

/** Whether it has the form of the codes of a batch with check characters, and a wrong one. */
async function isMistyped(ctx: Context, typed: string): Promise<boolean> {
  const code = typed.replace(/[\s-]/g, '').toUpperCase();
  if (isWhole(code)) return false;
  const forms = await ctx.tx.$queryRaw<{ prefix: string }[]>`
    SELECT prefix FROM voucher_batch WHERE tenant_id = ${ctx.tenantId} AND with_check AND length(prefix) + code_length + 1 = ${code.length} GROUP BY prefix LIMIT 1000`;
  return forms.some(({ prefix }) => code.startsWith(prefix));
}
