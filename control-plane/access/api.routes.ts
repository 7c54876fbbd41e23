import { notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { explainAccess } from './explain-access';
import { accessExplanation, explainQuery } from './schema';

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/access/explain',
    permission: 'access.explain',
    summary: 'Say why a login would be let in or refused',
    query: explainQuery,
    answer: accessExplanation,
    run: async (ctx, { query }) => {
      const outcome = await explainAccess(ctx, query);
      if (outcome.kind === 'router_not_found') throw notFound('This router');
      return outcome.explanation;
    },
  }),
];
