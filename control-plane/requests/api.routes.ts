import { z } from 'zod';
import { route } from '../platform/http/route';
import { listErrors, listRequests } from './queries';
import { errorAnswer, errorQuery, requestAnswer, requestQuery } from './schema';

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/requests',
    permission: 'requests.read',
    summary: 'List calls of this API, newest first; kept for 14 days, a second late',
    query: requestQuery,
    answer: z.object({ items: z.array(requestAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listRequests(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/requests/errors',
    permission: 'requests.errors',
    summary: 'List faults of ours over the whole installation, the latest of each kind',
    query: errorQuery,
    answer: z.object({ items: z.array(errorAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }, person) => listErrors(ctx, person.staffId, query),
  }),
];
