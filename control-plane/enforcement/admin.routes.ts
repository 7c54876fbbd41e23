import { z } from 'zod';
import { pageRoute, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatCount, formatLatency, formatMoment, formatSpan, readerFor } from '../ui';
import type { Reader } from '../ui';
import { findOrder, listOrders, SHOWN, type OrderRow, type Shown } from './admin.queries';
import { findEnforcement, type Enforcement } from './queries';
import { listUndone } from './undone';

/** How an outcome is drawn. */
const DRAWN = { ack: ['online', 'good'], nak: ['shut', 'bad'], silence: ['dotted', 'warn'] } as const;

function printOrder(row: OrderRow, { t, nowMs, locale }: Reader) {
  return {
    href: `/enforcements/${row.id}`,
    name: row.subscriber ?? row.login ?? t('enforcement.nobody'),
    login: row.login ?? '',
    customer: row.subscriber_id === null ? '' : `/subscribers/${row.subscriber_id}`,
    order: row.what ? t(`enforcement.${row.what}`) : t(`enforcement.kind_${row.kind}`),
    detail: `${t(`enforcement.kind_${row.kind}`)}, ${t(`enforcement.state_${row.state}`)}`,
    router: row.router ?? t('enforcement.router_gone'),
    tries: formatCount(row.attempts, locale),
    since: formatSpan(nowMs - row.created_at.getTime()),
  };
}

function tabs(shown: Shown, counts: Partial<Record<Shown, number>>, { t, locale }: Reader) {
  return SHOWN.map((one) => ({
    href: `/enforcements?show=${one}`,
    label: t(`enforcement.show_${one}`),
    current: one === shown,
    count: counts[one] ? formatCount(counts[one], locale) : '',
  }));
}

function proofWords({ state, proven_by }: Enforcement, { t }: Reader): string {
  return proven_by ? t(`enforcement.proven_${proven_by}`) : t(`enforcement.not_proven_${state}`);
}

function printAttempt(attempt: Enforcement['attempts'][number], reader: Reader) {
  const { t, locale } = reader;
  const [arch, tone] = DRAWN[attempt.outcome];
  const cause = attempt.error_cause === undefined ? '' : ` ${attempt.error_cause}`;
  return {
    arch,
    tone,
    iso: attempt.at,
    time: formatMoment(new Date(attempt.at), reader),
    what: `${t(`enforcement.via_${attempt.via}`)}: ${t(`enforcement.outcome_${attempt.outcome}`)}${cause}, ${formatLatency(attempt.ms, locale)}`,
    detail: attempt.detail ?? '',
  };
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/enforcements',
    permission: 'sessions.read',
    query: z.object({ show: z.enum(SHOWN).optional() }),
    async run(ctx, { query }, _web, person) {
      const reader = readerFor(ctx, person);
      const shown = query.show ?? 'undone';
      const undone = await listUndone(ctx);
      const rows = await listOrders(ctx, shown);
      return view('enforcement/list', {
        title: reader.t('enforcement.title'),
        live: 'enforcement',
        tabs: tabs(shown, { undone: undone.free_riders + undone.held_back }, reader),
        rows: rows.map((row) => printOrder(row, reader)),
        empty: {
          text: reader.t(`enforcement.empty_${shown}`),
          href: '/sessions',
          step: reader.t('enforcement.empty_step'),
        },
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/enforcements/:id',
    permission: 'sessions.read',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const row = await findOrder(ctx, params.id);
      const found = await findEnforcement(ctx, params.id);
      if (!row || !found) throw notFound('That order');
      return view('enforcement/one', {
        ...printOrder(row, reader),
        title: reader.t('enforcement.one_title', { kind: reader.t(`enforcement.kind_${row.kind}`) }),
        live: 'enforcement',
        state: reader.t(`enforcement.state_${found.state}`),
        proof: proofWords(found, reader),
        reason: row.reason.replaceAll('_', ' '),
        asked: formatMoment(row.created_at, reader),
        next: found.next_attempt_at ? formatMoment(new Date(found.next_attempt_at), reader) : '',
        attempts: found.attempts.map((attempt) => printAttempt(attempt, reader)),
      });
    },
  }),
];
