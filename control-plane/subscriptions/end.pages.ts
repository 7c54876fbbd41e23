import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formatDay, formatMoney, formErrors, readerFor } from '../ui';
import { answer, clientOf } from './answer-page';
import { contractOf } from './contract';
import { endSubscription } from './end-subscription';
import { lockSubscription } from './standing';
import { isAllowed } from './states';
import { openWallet } from './wallet';

async function endPage(ctx: Context, id: bigint, person: Person, refused?: string): Promise<PageResult> {
  const sub = await lockSubscription(ctx, id);
  if (!sub || !isAllowed(sub.state, 'end')) throw notFound('That subscription');
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const client = await clientOf(ctx, id);
  const contract = await contractOf(ctx, id);
  const { currency } = sub.plan;
  const wallet = await openWallet(ctx, sub.subscriber_id, currency);
  const money = (cents: bigint) => formatMoney(cents, currency, locale);
  const fee = contract?.is_running ? contract.fee_cents : 0n;
  return view(
    'subscriptions/end',
    {
      title: t('subscriptions.end_title', { username: sub.username }),
      errors: refused === undefined ? undefined : formErrors({ early_fee: refused }),
      id: id.toString(),
      client: { href: `/subscribers/${client.id}?subscription=${id}`, name: client.name },
      contract: contract?.is_running && {
        until: formatDay(contract.ends_at, reader, { day: 'numeric', month: 'short', year: 'numeric' }),
        fee: money(fee),
        wallet: money(wallet.balance_cents),
      },
      charge: fee > 0n && t('subscriptions.end_charge', { fee: money(fee) }),
      short: wallet.balance_cents < fee && t('subscriptions.refused_early_fee_short'),
    },
    refused === undefined ? {} : { status: 409 },
  );
}

/** Ending a service: first what it costs, then the end. */
export const endPages = [
  pageRoute({
    method: 'GET',
    path: '/subscriptions/:id/end',
    permission: 'subscriptions.write',
    run: (ctx, { params }, _web, person) => endPage(ctx, params.id, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/end',
    permission: 'subscriptions.write',
    form: z.object({ early_fee: z.enum(['charge', 'waive']).default('charge') }),
    async run(ctx, { params, form }, _web, person) {
      const client = await clientOf(ctx, params.id);
      const outcome = await endSubscription(ctx, params.id, form.ok ? form.value.early_fee : 'charge');
      if (outcome.kind === 'refused' && outcome.code === 'early_fee_short')
        return endPage(ctx, params.id, person, readerFor(ctx, person).t('subscriptions.refused_early_fee_short'));
      return outcome.kind === 'done'
        ? seeOther(`/subscribers/${client.id}?done=end`)
        : answer(ctx, params.id, 'end', outcome, person);
    },
  }),
];
