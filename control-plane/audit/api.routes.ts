import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { route } from '../platform/http/route';
import { listAudit } from './queries';

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/audit',
    permission: 'audit.read',
    summary: 'List what was done, newest first',
    query: listQuery.extend({
      action: z.string().max(100).optional(),
      subject_type: z.string().max(60).optional(),
      subject_id: z.string().max(60).optional(),
    }),
    run: (ctx, { query }) => listAudit(ctx, query),
  }),
];
