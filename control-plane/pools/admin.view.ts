import { formatCount, formatMoment } from '../ui';
import type { Column, Reader } from '../ui';
import type { Pool } from './schema';

/** A pool as its own page shows it. */
export function printPool(pool: Pool, reader: Reader) {
  const { t, locale } = reader;
  const part = pool.size === 0 ? 0 : pool.used / pool.size;
  return {
    id: pool.id,
    href: `/pools/${pool.id}`,
    name: pool.name,
    kind: t(`pools.kind_${pool.kind}`),
    ranges: pool.ranges,
    used: formatCount(pool.used, locale),
    size: t('pools.of', { size: formatCount(pool.size, locale) }),
    percent: t('pools.percent', { percent: Math.floor(part * 100) }),
    part,
    tone: part >= 1 ? 'bad' : pool.is_near_end ? 'warn' : '',
    full: pool.is_near_end && pool.kind !== 'static',
    peak: pool.peak === null ? '–' : formatCount(pool.peak.used, locale),
    peakAt: pool.peak === null ? '' : formatMoment(new Date(pool.peak.at), reader),
    routers: pool.routers.length === 0 ? t('pools.all_routers') : pool.routers.map((one) => one.name).join(', '),
    packages: pool.packages,
  };
}

/** The columns of the list of pools; a card shows the name, how many addresses are used, and how full it is. */
export const poolColumns: Column<Pool>[] = [
  {
    key: 'name',
    label: 'pools.name',
    isName: true,
    cell(row, reader) {
      const { name, href, kind } = printPool(row, reader);
      return { first: name, id: true, href, second: kind };
    },
    csv: (row) => row.name,
  },
  {
    key: 'routers',
    label: 'pools.routers',
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printPool(row, reader).routers }),
    csv: (row) => row.routers.map((one) => one.name).join(', '),
  },
  {
    key: 'used',
    label: 'pools.used',
    num: true,
    card: 'card-end',
    cell(row, reader) {
      const { used, size } = printPool(row, reader);
      return { first: used, second: size };
    },
    csv: (row) => row.used,
  },
  {
    key: 'filled',
    label: 'pools.filled',
    card: 'card-full',
    cell(row, reader) {
      const { part, tone, percent, full } = printPool(row, reader);
      const first = full ? `${percent}, ${reader.t('pools.nearly_full')}` : percent;
      return { bar: { part, tone }, first, ...(full ? { tone: 'bad' } : {}) };
    },
    csv: (row) => row.size,
  },
  {
    key: 'peak',
    label: 'pools.peak',
    num: true,
    card: 'not-in-card',
    cell(row, reader) {
      const { peak, peakAt } = printPool(row, reader);
      return { first: peak, second: peakAt };
    },
    csv: (row) => row.peak?.used ?? null,
  },
];
