import { z } from 'zod';
import { listQuery } from '../platform/http/input';
import { route } from '../platform/http/route';
import { listAudit } from './queries';

const auditAnswer = z.object({
  id: z.string(),
  at: z.date(),
  actor: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string() }),
  action: z.string(),
  subject: z.object({ type: z.string(), id: z.string() }),
  detail: z.record(z.string(), z.unknown()),
  ip: z.string().nullable(),
  request_id: z.string().nullable(),
});

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
    answer: z.object({ items: z.array(auditAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listAudit(ctx, query),
  }),
];
