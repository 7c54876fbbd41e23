import { pageRoute, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatLatency, formatMoment, readerFor } from '../ui';
import type { Reader } from '../ui';
import { findOrder } from './admin.queries';
import { orderList } from './list.routes';
import { printOrder } from './list.view';
import { findEnforcement, type Enforcement } from './queries';

/** How an outcome is drawn. */
const DRAWN = { ack: ['online', 'good'], nak: ['shut', 'bad'], silence: ['dotted', 'warn'] } as const;

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
  ...orderList,
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
