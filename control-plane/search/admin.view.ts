import { formatMoment, formatMoney } from '../ui';
import type { Reader } from '../ui';
import { KINDS } from './find';
import type { Found } from './find';

const ICON: Record<Found['kind'], string> = {
  subscribers: 'people',
  services: 'people',
  sessions: 'pulse',
  payments: 'money',
  invoices: 'lines',
  vouchers: 'box',
  routers: 'router',
};

/** One line of the answer: where it leads, what it is called and known by, and a side fact. */
function line(found: Found, reader: Reader) {
  const { t, locale, currency } = reader;
  const service = found.subscription_id === null ? '' : `?subscription=${found.subscription_id}`;
  const person = found.subscriber_id === null ? '' : `/subscribers/${found.subscriber_id}${service}`;
  const common = { icon: ICON[found.kind], name: found.name, code: found.code, side: '', href: person };
  switch (found.kind) {
    case 'subscribers':
      return common;
    case 'services':
      return { ...common, side: found.state ? t(`ui.state.${found.state}`) : '' };
    case 'sessions':
      return { ...common, href: person || `/sessions?q=${encodeURIComponent(found.code)}`, side: t('search.online') };
    case 'payments':
      return {
        ...common,
        href: `/payments?q=${encodeURIComponent(found.code)}`,
        side: [
          found.cents === null ? '' : formatMoney(found.cents, currency, locale),
          found.at ? formatMoment(found.at, reader) : '',
        ].join(', '),
      };
    case 'invoices':
      return {
        ...common,
        href: `/invoices/${found.id}`,
        side: found.cents === null ? '' : formatMoney(found.cents, currency, locale),
      };
    case 'vouchers':
      return {
        ...common,
        href: `/vouchers/codes/${found.code}`,
        name: t('search.voucher'),
        side: t(`search.voucher_${found.state ?? 'unused'}`),
      };
    case 'routers':
      return { ...common, href: `/routers/${found.id}` };
  }
}

/** Groups in a fixed order; what is exactly what was typed stands on top of all of them, each thing once. */
export function groupsOf(found: Found[], reader: Reader) {
  const exact = found.filter((one) => one.rank === 0);
  const rest = found.filter((one) => one.rank !== 0);
  return [
    { title: reader.t('search.exact'), lines: exact.map((one) => line(one, reader)) },
    ...KINDS.map((kind) => ({
      title: reader.t(`search.kind_${kind}`),
      lines: rest.filter((one) => one.kind === kind).map((one) => line(one, reader)),
    })),
  ].filter((group) => group.lines.length > 0);
}
