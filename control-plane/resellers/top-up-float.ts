import { recordAudit } from '../audit';
import { postTopUp, requestTopUp } from '../payments';
import type { Context } from '../platform/context';
import { findReseller } from './queries';
import type { TopUpInput } from './schema';

export type TopUpOutcome =
  /** `waiting`: the phone rings; the float grows when it is paid. */
  | { kind: 'done'; paymentId: bigint; waiting: boolean }
  | { kind: 'not_found' }
  | { kind: 'too_soon'; wait_s: number }
  | { kind: 'duplicate'; existing: bigint }
  | { kind: 'invalid'; fields: Record<string, string> };

/** Puts money into a reseller's float: received by hand now, or asked for on their phone. */
export async function topUpFloat(ctx: Context, id: bigint, input: TopUpInput): Promise<TopUpOutcome> {
  const reseller = await findReseller(ctx, id);
  if (!reseller) return { kind: 'not_found' };
  const { currency } = reseller;
  const subscriberId = BigInt(reseller.client_id);
  if (input.method === 'mpesa') {
    const asked = await requestTopUp(ctx, {
      subscriberId,
      phone: input.phone ? input.phone : reseller.phone,
      amount_cents: BigInt(input.amount_cents),
      currency,
    });
    switch (asked.kind) {
      case 'done':
      case 'under_way':
        return { kind: 'done', paymentId: asked.id, waiting: true };
      case 'ended':
        throw new Error('A wallet never ends.');
      case 'too_soon':
      case 'invalid':
        return asked;
    }
  }
  const taken = await postTopUp(ctx, {
    subscriberId,
    amount_cents: BigInt(input.amount_cents),
    currency,
    method: input.method,
    reference: input.reference ?? '',
  });
  switch (taken.kind) {
    case 'done':
      await recordAudit(
        ctx,
        'resellers.top_up',
        { type: 'reseller', id },
        { payment_id: taken.id, amount_cents: input.amount_cents, method: input.method, reference: input.reference },
      );
      return { kind: 'done', paymentId: taken.id, waiting: false };
    case 'duplicate':
      return { kind: 'duplicate', existing: taken.existing };
    case 'invalid':
      return taken;
    case 'ended':
      throw new Error('A wallet never ends.');
  }
}
