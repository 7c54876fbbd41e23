import { cursorId, listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import type { Column } from '../ui';
import { printCertificate } from './admin.view';
import { listCertificates } from './queries';
import type { Certificate } from './schema';

const columns: Column<Certificate>[] = [
  {
    key: 'router',
    label: 'radsec.router',
    isName: true,
    cell(row, reader) {
      const { router, href, serial } = printCertificate(row, reader);
      return { first: router, href, second: `…${serial}`, secondId: true };
    },
    csv: (row) => row.router_name,
  },
  {
    key: 'state',
    label: 'radsec.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printCertificate(row, reader).state }),
    csv: (row) => row.state,
  },
  {
    key: 'connection',
    label: 'radsec.connection',
    card: 'card-full',
    cell(row, reader) {
      const { peer, since } = printCertificate(row, reader);
      return { first: peer, id: true, second: since };
    },
    csv: (row) => row.connection?.peer ?? null,
  },
  {
    key: 'ends',
    label: 'radsec.ends',
    num: true,
    card: 'card-full',
    cell(row, reader) {
      const { ends, issued, old } = printCertificate(row, reader);
      return { first: ends, second: old ?? issued };
    },
    csv: (row) => row.not_after,
  },
];

/** The certificates of all routers, newest first. */
export const certificateList = listPages({
  list: 'router-certificates',
  path: '/radsec',
  permission: 'radsec.read',
  view: 'radsec/list',
  query: listQuery.extend({ authority: oneOf(['current', 'old']) }),
  title: 'radsec.title',
  find: 'radsec.find',
  foot: 'radsec.foot',
  columns,
  filters: (_ctx, { query, reader: { t } }) => [
    {
      name: 'authority',
      label: t('radsec.authority'),
      value: query.authority ?? '',
      options: (['current', 'old'] as const).map((value) => ({ value, label: t(`radsec.authority_${value}`) })),
    },
  ],
  scope: (_ctx, { query: { q, authority } }) => ({ q: q || undefined, authority }),
  page: (ctx, filter, { cursor, limit }) => listCertificates(ctx, { ...filter, limit, before: cursorId(cursor) }),
  empty: ({ reader: { t } }) => ({ text: t('radsec.empty'), href: '/routers', step: t('ui.nav_routers') }),
});
