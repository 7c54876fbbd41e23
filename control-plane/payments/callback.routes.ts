import { providerActor, type HookEvent, type HookKind, type HookOutcome, type HookTools } from '../hooks';
import type { Context } from '../platform/context';
import { bookMoney } from './book-money';
import { handleBank } from './familybank/handle-bank';
import { findAccount, findOwner } from './find-owner';
import { handleResult } from './mpesa/handle-result';
import { handleStk, handleStkTogether, orderOfCallback } from './mpesa/handle-stk';
import { readC2b, readStkCallback } from './mpesa/callback';
import { mpesa } from './mpesa/provider';
import { isBelieved } from './mpesa/settings';
import { openSettings } from './providers';
import { answerStripe, handleStripe } from './stripe/handle-event';

const opening = (event: HookEvent) => ({
  tenantId: event.tenantId,
  actor: providerActor(event),
  requestId: `hook-${event.id}`,
});

/** A payment made by hand. What does not come from Safaricom's own addresses is kept, and booked once Safaricom's list has it too. */
function confirm(event: HookEvent, tools: HookTools): Promise<HookOutcome> {
  return tools.db.inTenant(opening(event), async (ctx): Promise<HookOutcome> => {
    const settings = await openSettings(ctx, mpesa);
    const money = readC2b(event.body);
    if (!money || !settings) return { kind: 'ignored', note: money ? 'no account is set up' : 'not a confirmation' };
    if (money.shortcode !== '' && money.shortcode !== settings.shortcode && money.shortcode !== settings.till_number)
      return { kind: 'ignored', note: 'of another shortcode' };
    const proven = event.byToken && isBelieved(settings, event.ip);
    const booked = await bookMoney(ctx, money, 'confirmation', proven, event.receivedAt);
    return { kind: 'done', note: booked.kind };
  });
}

/** Whether a payment may be made: always, unless the company wants those to no account refused. */
function mayPay(event: HookEvent, tools: HookTools) {
  return tools.db.inTenant(opening(event), async (ctx: Context) => {
    const settings = await openSettings(ctx, mpesa);
    const money = readC2b(event.body);
    const refuse = (ResultCode: string) => ({ status: 200, body: { ResultCode, ResultDesc: 'Rejected' } });
    if (!money) return refuse('C2B00016');
    if (!settings?.refuse_unknown_accounts) return accepted;
    const owner = await findOwner(ctx, money);
    const known =
      owner.kind !== 'nobody' || (await findAccount(ctx, money.billRef, money.amount_cents, money.currency));
    return known ? accepted : refuse('C2B00012');
  });
}

const accepted = { status: 200, body: { ResultCode: '0', ResultDesc: 'Accepted' } };

export const hookKinds: HookKind[] = [
  {
    kind: 'pay',
    account: 'mpesa',
    reply: { status: 200, body: { ResultCode: 0, ResultDesc: 'Accepted' } },
    open: {
      path: '/api/webhooks/mpesa-callback',
      tenantOf: async (outside, body) => orderOfCallback(outside, readStkCallback(body)),
    },
    handle: handleStk,
    handleTogether: handleStkTogether,
  },
  {
    kind: 'paid',
    account: 'mpesa',
    reply: { status: 200, body: { ResultCode: 0, ResultDesc: 'Success' } },
    handle: confirm,
  },
  {
    kind: 'check',
    account: 'mpesa',
    reply: accepted,
    answer: mayPay,
    handle: () => Promise.resolve({ kind: 'done' }),
  },
  {
    kind: 'back',
    account: 'mpesa',
    reply: { status: 200, body: { ResultCode: 0, ResultDesc: 'Accepted' } },
    handle: handleResult,
  },
  {
    kind: 'bank',
    account: 'familybank',
    reply: { status: 200, body: { ResultCode: '0', ResultDesc: 'Accepted' } },
    handle: handleBank,
  },
  {
    kind: 'card',
    account: 'stripe',
    answer: answerStripe,
    handle: handleStripe,
  },
];
