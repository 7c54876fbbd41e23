import { z } from 'zod';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { findRouter } from '../routers';
import { formatMoment, readerFor } from '../ui';
import { askCheck, askRepair } from './ask-drift';
import { findingList } from './list.routes';
import { findCheck, listFindings } from './queries';

const SHOWN = 100;
const told = z.object({ told: z.enum(['asked', 'no_api', 'repair', 'by_hand']).optional().catch(undefined) });

/** A command as RouterOS' console takes it, which is what an operator can read and paste. */
function asTyped(words: readonly string[]): string {
  const [path = '', ...args] = words;
  return [
    path.replaceAll('/', ' ').trim().replace(/^/, '/'),
    ...args.map((word) => word.replace(/^=(\.id=)?/, '')),
  ].join(' ');
}

export const pageRoutes: PageRoute[] = [
  ...findingList,
  pageRoute({
    method: 'GET',
    path: '/drift/:id',
    permission: 'drift.read',
    query: told,
    async run(ctx, { params, query }, _web, person) {
      const reader = readerFor(ctx, person);
      const [finding] = (await listFindings(ctx, { id: params.id, limit: 1 })).items;
      if (!finding) throw notFound('That finding');
      const at = (moment: string): string => formatMoment(new Date(moment), reader);
      return view('drift/finding', {
        title: reader.t(`drift.kind_${finding.kind}`),
        live: 'router',
        told: query.told && { text: reader.t(`drift.told_${query.told}`), warn: query.told === 'by_hand' },
        finding: { ...finding, found: at(finding.found_at), seen: at(finding.seen_at) },
        means: reader.t(`drift.means_${finding.kind}`),
        remedy: reader.t(`drift.remedy_${finding.kind}`),
        gone: finding.gone_at && reader.t('drift.gone_since', { at: at(finding.gone_at) }),
        asked:
          finding.repair_asked_at &&
          !finding.gone_at &&
          reader.t('drift.repair_asked', { at: at(finding.repair_asked_at) }),
        fault: finding.repair_fault && reader.t('drift.repair_failed', { why: finding.repair_fault }),
        plan: finding.plan.map(asTyped),
        mayRepair: person.actor.permissions.has('drift.write') && finding.gone_at === null && finding.plan.length > 0,
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/drift/:id/repair',
    permission: 'drift.write',
    async run(ctx, { params }) {
      const outcome = await askRepair(ctx, params.id);
      if (outcome.kind === 'not_found') throw notFound('That finding');
      return seeOther(`/drift/${params.id}?told=${outcome.kind === 'asked' ? 'repair' : 'by_hand'}`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/routers/:id/drift',
    permission: 'drift.read',
    query: told,
    async run(ctx, { params, query }, _web, person) {
      const reader = readerFor(ctx, person);
      const router = await findRouter(ctx, params.id);
      if (!router) throw notFound('That router');
      const last = await findCheck(ctx, params.id);
      const { items } = await listFindings(ctx, { routerId: params.id, state: 'there', limit: SHOWN });
      return view('drift/router', {
        title: reader.t('drift.of', { router: router.name }),
        live: 'router',
        router: { id: router.id, name: router.name },
        told: query.told && { text: reader.t(`drift.told_${query.told}`), warn: query.told === 'no_api' },
        mayCheck: person.actor.permissions.has('drift.write'),
        checked: last
          ? reader.t(last.fault === null ? 'drift.checked' : 'drift.check_failed', {
              at: formatMoment(last.at, reader),
              why: last.fault ?? '',
            })
          : reader.t('drift.never_checked'),
        well: last?.fault === null && items.length === 0,
        items: items.map((item) => ({
          href: `/drift/${item.id}`,
          what: reader.t(`drift.kind_${item.kind}`),
          subject: item.subject,
          found: formatMoment(new Date(item.found_at), reader),
        })),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/drift',
    permission: 'drift.write',
    async run(ctx, { params }) {
      const outcome = await askCheck(ctx, params.id);
      if (outcome === 'not_found') throw notFound('That router');
      return seeOther(`/routers/${params.id}/drift?told=${outcome}`);
    },
  }),
];
