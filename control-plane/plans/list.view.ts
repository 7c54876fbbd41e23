import { formatBytes } from '../ui';
import type { Column } from '../ui';
import type { OnPlan } from './admin.queries';
import { printOnPlan, printPlan } from './admin.view';
import type { Package } from './schema';

/** A plan with how many services run on it. */
export interface ListedPlan extends Package {
  running: number;
}

/** The columns of the list of plans; a card shows the name, the price and what it gives. */
export const planColumns: Column<ListedPlan>[] = [
  {
    key: 'name',
    label: 'plans.name',
    isName: true,
    cell(row, reader) {
      const { name, href, kind } = printPlan(row, row.running, reader);
      return { first: name, href, second: kind };
    },
    csv: (row) => row.name,
  },
  {
    key: 'price',
    label: 'plans.price',
    num: true,
    card: 'card-end',
    cell(row, reader) {
      const { price, validity } = printPlan(row, row.running, reader);
      return { first: price, strong: true, second: validity };
    },
    csv: (row) => (row.price_cents / 100).toFixed(2),
  },
  {
    key: 'validity',
    label: 'plans.validity',
    extra: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: printPlan(row, row.running, reader).validity }),
    csv: (row) => `${row.validity.count} ${row.validity.unit}`,
  },
  {
    key: 'speed',
    label: 'plans.down',
    num: true,
    cell(row, reader) {
      const { down, up } = printPlan(row, row.running, reader);
      return { first: down, second: up };
    },
    csv: (row) => row.down_kbps,
  },
  {
    key: 'quota',
    label: 'plans.quota',
    num: true,
    card: 'card-end',
    cell(row, reader) {
      const { quota, after } = printPlan(row, row.running, reader);
      return { first: quota, second: after };
    },
    csv: (row, { locale, t }) => (row.quota_bytes === null ? t('ui.no_limit') : formatBytes(row.quota_bytes, locale)),
  },
  {
    key: 'running',
    label: 'plans.running',
    num: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: String(row.running), second: printPlan(row, row.running, reader).version }),
    csv: (row) => row.running,
  },
];

/** The columns of who is on a plan. */
export const onPlanColumns: Column<OnPlan>[] = [
  {
    key: 'who',
    label: 'subscribers.customer',
    isName: true,
    cell: (row, reader) => ({
      first: row.name,
      href: printOnPlan(row, reader).href,
      second: row.username,
      secondId: true,
    }),
    csv: (row) => row.name,
  },
  {
    key: 'login',
    label: 'subscriptions.login',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.username, id: true }),
    csv: (row) => row.username,
  },
  {
    key: 'state',
    label: 'sessions.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: printOnPlan(row, reader).state ?? null }),
    csv: (row) => row.state,
  },
  {
    key: 'version',
    label: 'plans.version_head',
    cell(row, reader) {
      const { version, next } = printOnPlan(row, reader);
      return { first: version, second: next };
    },
    csv: (row) => row.version,
  },
  {
    key: 'until',
    label: 'subscribers.paid_until',
    num: true,
    card: 'card-end',
    cell: (row, reader) => ({ first: printOnPlan(row, reader).until }),
    csv: (row) => row.expires_at?.toISOString() ?? null,
  },
];
