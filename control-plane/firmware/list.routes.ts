import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { listPages, oneOf } from '../tables';
import { formatMoment, stateBadge, type Column, type Reader, type StateBadge } from '../ui';
import { countVersions, listFirmware, standings, type FirmwareRow } from './queries';

/** The badge of a router's standing; why, where somebody must act. */
export function standingBadge(row: FirmwareRow, reader: Reader): StateBadge {
  const { t } = reader;
  const names = { newer: 'stale', current: 'up', unknown: 'unknown', under_way: 'pending', failed: 'silent' } as const;
  const why = row.fault ? t(`firmware.fault_${row.fault}`) : undefined;
  return stateBadge(names[row.standing], reader, { word: t(`firmware.standing_${row.standing}`), why });
}

const columns: Column<FirmwareRow>[] = [
  {
    key: 'router',
    label: 'firmware.router',
    isName: true,
    cell: (row) => ({ first: row.router, href: `/routers/${row.router_id}/firmware` }),
    csv: (row) => row.router,
  },
  {
    key: 'state',
    label: 'firmware.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: standingBadge(row, reader) }),
    csv: (row, { t }) => t(`firmware.standing_${row.standing}`),
  },
  {
    key: 'version',
    label: 'firmware.routeros',
    card: 'card-full',
    cell: (row, { t }) => ({
      first: row.installed || '–',
      second:
        row.latest && row.latest !== row.installed ? t('firmware.could_be', { version: row.latest }) : row.channel,
    }),
    csv: (row) => row.installed,
  },
  {
    key: 'board',
    label: 'firmware.board',
    card: 'not-in-card',
    cell: (row, { t }) => ({
      first: row.board_installed || '–',
      second: row.board_latest === row.board_installed ? '' : t('firmware.could_be', { version: row.board_latest }),
    }),
    csv: (row) => row.board_installed,
  },
  {
    key: 'checked',
    label: 'firmware.checked',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: row.checked_at ? formatMoment(new Date(row.checked_at), reader) : '–' }),
    csv: (row) => row.checked_at,
  },
];

/** What routers run, and what they could. */
export const firmwareList = listPages({
  list: 'firmware',
  path: '/firmware',
  permission: 'firmware.read',
  view: 'firmware/list',
  query: listQuery.extend({ state: oneOf(standings), version: z.string().max(40).optional().catch(undefined) }),
  title: 'firmware.title',
  find: 'firmware.router',
  foot: 'firmware.foot',
  columns,
  live: 'router',
  filters: async (ctx, { query, reader: { t } }) => [
    {
      name: 'state',
      label: t('firmware.state'),
      value: query.state ?? '',
      options: standings.map((value) => ({ value, label: t(`firmware.standing_${value}`) })),
    },
    {
      name: 'version',
      label: t('firmware.routeros'),
      value: query.version ?? '',
      options: (await countVersions(ctx))
        .filter(({ version }) => version !== '')
        .map(({ version, routers }) => ({ value: version, label: `${version} (${routers})` })),
    },
  ],
  scope: (_ctx, { query: { q, state, version } }) => ({
    q: q || undefined,
    standing: state,
    version: version || undefined,
  }),
  page: (ctx, filter, page) => listFirmware(ctx, { ...filter, ...page }),
  empty: ({ reader: { t } }) => ({ text: t('firmware.empty') }),
  model: (_ctx, { person }) => ({ mayUpgrade: person.actor.permissions.has('firmware.write') }),
});
