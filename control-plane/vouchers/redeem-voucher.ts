import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { findVoucher } from './queries';
import type { Voucher } from './schema';

export type RedeemOutcome =
  | { kind: 'done'; voucher: Voucher }
  | { kind: 'unknown' }
  | { kind: 'used'; voucher: Voucher }
  | { kind: 'void' }
  | { kind: 'expired' }
  | { kind: 'name_taken' };

/** Begins a voucher now, as its first login would have: from here on it is a subscription whose username is the code. */
export async function redeemVoucher(ctx: Context, typed: string): Promise<RedeemOutcome> {
  const before = await findVoucher(ctx, typed);
  if (!before) return { kind: 'unknown' };
  if (before.state === 'used') return { kind: 'used', voucher: before };
  if (before.state === 'void' || before.state === 'expired') return { kind: before.state };
  await ctx.tx.$executeRaw`SELECT voucher_redeem(${typed})`;
  const voucher = await findVoucher(ctx, typed);
  if (!voucher?.subscription_id) return { kind: 'name_taken' };
  await recordAudit(
    ctx,
    'vouchers.redeem',
    { type: 'subscription', id: voucher.subscription_id },
    { code: voucher.code },
  );
  return { kind: 'done', voucher };
}
