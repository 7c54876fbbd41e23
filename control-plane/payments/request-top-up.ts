import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { normalizePhone } from '../subscribers';
import { providerOf } from './providers';
import { recordStep } from './record-step';
import { insertOrder, lately, type Requested } from './request-payment';
import { tellLive } from './use-money';

/**
 * Prompts a phone for money that goes into a customer's wallet and buys nothing yet. Whole shillings, at most 250,000, once a minute for a phone; nobody is
 * called here.
 */
export async function requestTopUp(
  ctx: Context,
  input: { subscriberId: bigint; phone: string; amount_cents: bigint; currency: string },
): Promise<Requested> {
  const provider = providerOf('mpesa');
  const [account] = await ctx.tx.$queryRaw<{ there: boolean }[]>`SELECT payment_is_set_up('mpesa') AS there`;
  if (!provider || !account?.there)
    return { kind: 'invalid', fields: { provider: 'is not set up; do so with PUT /api/settings/payments/mpesa' } };
  if (input.currency !== provider.currency)
    return {
      kind: 'invalid',
      fields: { provider: `takes ${provider.currency}, and the wallet is in ${input.currency}` },
    };
  const phone = normalizePhone(input.phone, input.currency);
  if (phone === undefined || !/^\+254[17]\d{8}$/.test(phone))
    return { kind: 'invalid', fields: { phone: 'must be a Kenyan mobile number, as 0712345678' } };
  if (input.amount_cents < 100n || input.amount_cents % 100n !== 0n || input.amount_cents > 25_000_000n)
    return { kind: 'invalid', fields: { amount_cents: 'must be whole shillings, at most KES 250,000' } };
  const order = {
    subscriptionId: null,
    subscriberId: input.subscriberId,
    phone,
    amount: input.amount_cents,
    provider: 'mpesa',
  };
  const before = await lately(ctx, order);
  if (before) return before;
  const id = await insertOrder(ctx, { ...order, currency: input.currency });
  await recordStep(ctx, id, 'created', `${input.currency} ${(Number(input.amount_cents) / 100).toFixed(2)}`);
  await recordAudit(
    ctx,
    'payments.request',
    { type: 'payment', id },
    { subscriber_id: input.subscriberId, provider: 'mpesa', amount_cents: input.amount_cents },
  );
  await ctx.tx.$executeRaw`SELECT job_enqueue('payments.work')`;
  await tellLive(ctx, id, undefined);
  return { kind: 'done', id };
}
