import { cardOffers, findCompany, readerOfWeb, type CardOffer, type Company } from '../payments';
import type { Context } from '../platform/context';
import { view, type Cookie, type PageResult, type Web } from '../platform/http/page';
import type { Call } from '../platform/http/route';
import { formatMoment, formatMoney, type Reader } from '../ui';
import { papersOf } from './papers';
import { readTicket } from './ticket';

const TICKET = 'lango_documents';
const TICKET_S = 3_600;
export const ticketCookie = (ticket: string): Cookie => ({
  name: TICKET,
  value: ticket,
  maxAgeS: ticket === '' ? 0 : TICKET_S,
});
/** The ticket that a browser gave; empty where it gave none. */
export const ticketOf = (web: Web): string => readTicket(web.cookies[TICKET]);

/** Where somebody stands who has shown nothing yet but their address: the company, and a way to its rows. */
export interface Stand {
  company: Company;
  slug: string;
  reader: Reader;
  within: <T>(work: (ctx: Context) => Promise<T>) => Promise<T>;
}

/** The company, and a way to its rows for somebody who has shown nothing yet but their address. */
export async function standAt(call: Call, web: Web, slug: string): Promise<Stand> {
  const company = await findCompany(call, slug);
  const opening = {
    tenantId: company.id,
    requestId: call.requestId,
    actor: { kind: 'subscriber' as const, id: null, name: 'documents', ip: call.ip, permissions: new Set<never>() },
  };
  return {
    company,
    slug,
    reader: readerOfWeb(web, company),
    within: (work) => call.db.inTenant(opening, work),
  };
}

/** What every page here shows. */
export const frame = ({ company, slug }: Stand, title: string) => ({
  layout: 'customer',
  company: company.name,
  title,
  path: `/documents/${slug}`,
});

/** The papers of these customers, and what they can pay with a card. `warn`: why something was not done. */
export async function minePage(stand: Stand, ctx: Context, ids: readonly bigint[], warn?: string): Promise<PageResult> {
  const { company, reader } = stand;
  const { t } = reader;
  const customers = [];
  const offers = await cardOffers(ctx, ids);
  for (const id of ids) {
    const theirs = offers.filter(({ subscriberId }) => subscriberId === id);
    customers.push({
      ...(await papersOf(ctx, id, company.timezone, reader)),
      offers: theirs.map((offer) => offerLine(offer, reader)),
    });
  }
  return view(
    'documents/mine',
    {
      ...frame(stand, t('documents.title')),
      customers,
      told: warn === undefined ? undefined : { text: warn, warn: true },
      older: customers.some(({ more }) => more) ? t('documents.older', { company: company.name }) : '',
      // What a browser keeps would be seen by whoever has it after them.
    },
    { ...(warn === undefined ? {} : { status: 409 }), headers: { 'cache-control': 'no-store' } },
  );
}

function offerLine(offer: CardOffer, reader: Reader) {
  const { t, locale } = reader;
  const amount = formatMoney(offer.amount_cents, offer.currency, locale);
  const until = offer.until && t('documents.card_until', { until: formatMoment(offer.until, reader) });
  return {
    id: offer.subscriptionId.toString(),
    name: offer.owed ? t('documents.card_owed') : offer.plan,
    second: offer.owed ? '' : [offer.username, until].filter(Boolean).join(', '),
    pay: t('documents.card_pay', { amount }),
  };
}
