import { pageRoute, seeOther, type PageRoute } from '../platform/http/page';
import { conflict, notFound } from '../platform/http/problem';
import { readerFor } from '../ui';
import { refuseRequest } from './decide-request';
import { requestList } from './list.routes';
import { settingsRoutes } from './settings.routes';
import { takeIn } from './take-in';

export const pageRoutes: PageRoute[] = [
  ...settingsRoutes,
  ...requestList,
  pageRoute({
    method: 'POST',
    path: '/join/requests/:id/accept',
    permission: 'join.decide',
    async run(ctx, { params }, _web, person) {
      const outcome = await takeIn(ctx, params.id, person.staffId);
      const { t } = readerFor(ctx, person);
      switch (outcome.kind) {
        case 'done':
          return seeOther('/join/requests?done=accepted');
        case 'not_found':
          throw notFound('That request');
        case 'plan_gone':
          throw conflict('plan_gone', t('join.plan_gone'));
        case 'known':
        case 'decided':
          throw conflict('decided', t('join.decided'));
      }
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/join/requests/:id/refuse',
    permission: 'join.decide',
    async run(ctx, { params }, _web, person) {
      const outcome = await refuseRequest(ctx, params.id);
      if (outcome === 'not_found') throw notFound('That request');
      if (outcome === 'decided') throw conflict('decided', readerFor(ctx, person).t('join.decided'));
      return seeOther('/join/requests?done=refused');
    },
  }),
];
