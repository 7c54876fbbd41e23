import type { Context } from '../../platform/context';
import { normalizePhone } from '../../subscribers';
import { mayPayOut } from '../mpesa/payout';
import { mpesa } from '../mpesa/provider';
import { openSettings } from '../providers';

/** Whether the company can send money to phones: its M-Pesa account has an API user. */
export async function maySendToPhone(ctx: Context): Promise<boolean> {
  const settings = await openSettings(ctx, mpesa);
  return settings !== undefined && mayPayOut(settings);
}

/** Whose phone gets it: the one that was typed, else the one that paid, else the customer's. Undefined where that is no Kenyan mobile number. */
export async function phoneFor(
  ctx: Context,
  of: { phone?: string | null; subscriber_id: bigint },
  typed: string | undefined,
): Promise<string | undefined> {
  const said = typed || of.phone;
  const customer = said
    ? undefined
    : await ctx.tx.subscriber.findFirst({ where: { id: of.subscriber_id }, select: { phone: true } });
  const phone = normalizePhone(said ?? customer?.phone ?? '', 'KES');
  return phone !== undefined && /^\+254[17]\d{8}$/.test(phone) ? phone : undefined;
}
