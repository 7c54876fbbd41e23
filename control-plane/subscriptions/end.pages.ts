import { z } from 'zod';
import { seeOther } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatDay, formatMoney, formPages } from '../ui';
import { answer, clientOf } from './answer-page';
import { contractOf } from './contract';
import { endSubscription } from './end-subscription';
import { lockSubscription } from './standing';
import { isAllowed } from './states';
import { openWallet } from './wallet';

/** Ending a service: first what it costs, then the end. */
export const endPages = formPages({
  slice: 'subscriptions',
  view: 'subscriptions/end',
  page: '/subscriptions/:id/end',
  post: '/subscriptions/:id/end',
  permission: 'subscriptions.write',
  form: z.object({ early_fee: z.enum(['charge', 'waive']).default('charge') }),
  word: (_field, { t }) => t('subscriptions.early_fee_needed'),
  open: async ({ ctx, params: { id } }) => ({ id, client: await clientOf(ctx, id) }),
  async draw({ errors }, { ctx, reader, about: { id, client } }) {
    const sub = await lockSubscription(ctx, id);
    if (!sub || !isAllowed(sub.state, 'end')) throw notFound('That subscription');
    const { t, locale } = reader;
    const contract = await contractOf(ctx, id);
    const { currency } = sub.plan;
    const wallet = await openWallet(ctx, sub.subscriber_id, currency);
    const money = (cents: bigint) => formatMoney(cents, currency, locale);
    const fee = contract?.is_running ? contract.fee_cents : 0n;
    return {
      title: t('subscriptions.end_title', { username: sub.username }),
      id: id.toString(),
      client: { href: `/subscribers/${client.id}?subscription=${id}`, name: client.name },
      contract: contract?.is_running && {
        until: formatDay(contract.ends_at, reader, { day: 'numeric', month: 'short', year: 'numeric' }),
        fee: money(fee),
        wallet: money(wallet.balance_cents),
      },
      charge: fee > 0n && t('subscriptions.end_charge', { fee: money(fee) }),
      short: errors['early_fee'] ?? (wallet.balance_cents < fee && t('subscriptions.refused_early_fee_short')),
    };
  },
  async save({ early_fee }, { ctx, person, about: { id, client }, t }) {
    const outcome = await endSubscription(ctx, id, early_fee);
    if (outcome.kind === 'refused' && outcome.code === 'early_fee_short')
      return { kind: 'refused', errors: { early_fee: t('subscriptions.refused_early_fee_short') }, status: 409 };
    return outcome.kind === 'done'
      ? seeOther(`/subscribers/${client.id}?done=end`)
      : answer(ctx, id, 'end', outcome, person);
  },
});
