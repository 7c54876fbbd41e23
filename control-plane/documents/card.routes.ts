import { cardOffers, findCardOrder, openCardOrder, serviceOf, waitFor, type CardOrder } from '../payments';
import type { Context } from '../platform/context';
import { publicPage, seeOther, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatMoment, formatMoney } from '../ui';
import { frame, minePage, standAt, ticketOf, type Stand } from './stand';
import { findHolder } from './ticket';

/** Whose services the browser has shown to be its holder's; undefined where it has not. */
async function holdersOf(stand: Stand, web: Web): Promise<readonly bigint[] | undefined> {
  const holder = await stand.within((ctx) => findHolder(ctx, ticketOf(web)));
  return holder?.kind === 'proven' ? holder.ids : undefined;
}

const idOf = (text: string): bigint => (/^[1-9]\d{0,17}$/.test(text) ? BigInt(text) : 0n);

/** The page of a payment with a card: the way to Stripe's page, or what became of it. */
async function cardPage(stand: Stand, order: CardOrder, until: Date | null): Promise<PageResult> {
  const { reader, company } = stand;
  const { t, locale } = reader;
  const amount = formatMoney(order.amount_cents, order.currency, locale);
  const told = (): { text: string; warn?: boolean } | undefined => {
    switch (order.state) {
      case 'settled':
      case 'refunded':
        return {
          text: until ? t('payments.claim_paid', { until: formatMoment(until, reader) }) : t('payments.claim_booked'),
        };
      case 'failed':
        return { text: t('documents.card_over'), warn: true };
      default:
        if (order.url !== null) return order.declined ? { text: t('documents.card_declined'), warn: true } : undefined;
        return { text: t('documents.card_slow', { company: company.name }), warn: true };
    }
  };
  // After a declined card nobody can say what comes of it: the page is open for another.
  const isOpen = order.state === 'prompted' || order.state === 'unknown';
  return view(
    'documents/card',
    {
      ...frame(stand, t('documents.card_title')),
      about: t('documents.card_about', { amount, company: company.name }),
      told: told(),
      href: isOpen ? (order.url ?? undefined) : undefined,
      pay: t('documents.card_go', { amount }),
      look:
        order.url === null && (isOpen || order.state === 'created') ? `/documents/${stand.slug}/card/${order.id}` : '',
    },
    { headers: { 'cache-control': 'no-store' } },
  );
}

/** Their payment, as soon as the queue has handed it to Stripe, or as it stands after the time that people wait. */
async function orderWhenOpen(stand: Stand, ids: readonly bigint[], id: bigint): Promise<CardOrder> {
  const look = async () => {
    const order = await stand.within((ctx) => findCardOrder(ctx, id));
    return order && ids.includes(order.subscriberId) ? { kind: order.state, order } : undefined;
  };
  const seen = await waitFor(await look(), ['created'], look);
  if (!seen) throw notFound('This payment');
  return seen.order;
}

async function open(ctx: Context, ids: readonly bigint[], service: bigint) {
  const offer = (await cardOffers(ctx, ids)).find(({ subscriptionId }) => subscriptionId === service);
  if (!offer) throw notFound('This service');
  return openCardOrder(ctx, offer);
}

/** Customers pay with a card what they owe, or their next time: behind the code that came to their phone. */
export const cardRoutes: PageRoute[] = [
  publicPage({
    method: 'POST',
    path: '/documents/:company/pay/:service',
    weight: 'costly',
    async run(call, { params }, web) {
      const stand = await standAt(call, web, params.company);
      const ids = await holdersOf(stand, web);
      if (!ids) return seeOther(`/documents/${params.company}`);
      const asked = await stand.within((ctx) => open(ctx, ids, idOf(params.service)));
      if (asked.kind === 'done' || asked.kind === 'under_way')
        return seeOther(`/documents/${params.company}/card/${asked.id}`);
      const warn = stand.reader.t('documents.card_not_now', { company: stand.company.name });
      return stand.within((ctx) => minePage(stand, ctx, ids, warn));
    },
  }),
  publicPage({
    method: 'GET',
    path: '/documents/:company/card/:payment',
    async run(call, { params }, web) {
      const stand = await standAt(call, web, params.company);
      const ids = await holdersOf(stand, web);
      if (!ids) return seeOther(`/documents/${params.company}`);
      const order = await orderWhenOpen(stand, ids, idOf(params.payment));
      const paid = order.state === 'settled' ? await stand.within((ctx) => serviceOf(ctx, order.id)) : undefined;
      return cardPage(stand, order, paid?.until ?? null);
    },
  }),
];
