import { recordAudit } from '../../audit';
import type { Context } from '../../platform/context';
import { recordSteps } from '../record-step';
import { refundPayment } from '../refund/refund-payment';
import { tellLive } from '../use-money';
import { lockCheque, type ChequeOutcome } from './clear-cheque';

/**
 * The bank has sent a cheque back unpaid, in the caller's transaction. One that has bought nothing yet has simply failed. Of one that was credited everything is
 * taken back as a refund takes it: the wallet, the sale with a credit note, the service with the network told; what was used meanwhile is owed.
 */
export async function bounceCheque(ctx: Context, id: bigint, reason: string): Promise<ChequeOutcome> {
  const locked = await lockCheque(ctx, id);
  if (!locked) return { kind: 'not_found' };
  const { cheque, sub } = locked;
  if (cheque.state === 'failed' || cheque.back_cents >= cheque.amount_cents) return { kind: 'stood', how: 'bounced' };
  await recordAudit(ctx, 'payments.bounce', { type: 'payment', id }, { amount_cents: cheque.amount_cents, reason });
  await recordSteps(ctx, id, [{ step: 'cheque_bounced', detail: reason }]);
  if (cheque.state === 'created') {
    await ctx.tx
      .$executeRaw`UPDATE payment SET state = 'failed', code = 'bounced', code_text = ${reason.slice(0, 300)} WHERE id = ${id}`;
    await tellLive(ctx, id, sub?.id);
    return { kind: 'done' };
  }
  const back = await refundPayment(ctx, id, { way: 'cheque', service: 'take_back', reason });
  // A service that waits for its first login is not taken back in parts: the customer keeps it and owes the money.
  if (back.kind === 'not_in_parts') await refundPayment(ctx, id, { way: 'cheque', service: 'keep', reason });
  else if (back.kind !== 'done') return { kind: 'stood', how: 'bounced' };
  return { kind: 'done' };
}
