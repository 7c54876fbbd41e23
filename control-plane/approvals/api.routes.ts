import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import type { Person } from '../platform/http/person';
import { conflict, forbidden, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { ownHand } from '../staff';
import { decideApproval } from './decide-approval';
import { listLimits, saveLimit } from './limits';
import { findApproval, listApprovals } from './queries';
import { approvalAnswer, decisionInput, limitAnswer, type Approval } from './schema';

async function mustFind(ctx: Context, id: bigint): Promise<Approval> {
  const found = await findApproval(ctx, id);
  if (!found) throw notFound('This request');
  return found;
}

async function decide(ctx: Context, id: bigint, approve: boolean, note: string, person: Person): Promise<Approval> {
  ownHand(person);
  const outcome = await decideApproval(ctx, id, { approve, note });
  switch (outcome.kind) {
    case 'done':
      return mustFind(ctx, id);
    case 'not_found':
      throw notFound('This request');
    case 'own':
      throw conflict('own_request', 'You asked for this yourself: somebody else has to decide.');
    case 'gone':
      throw conflict('decided', 'This was decided already, or nobody decided in time. Ask for it again.');
    case 'forbidden':
      throw forbidden(outcome.permission);
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/approvals',
    permission: 'approvals.decide',
    summary: 'List what waits for a second person; all=true with what was decided',
    query: listQuery.omit({ q: true }).extend({ all: z.enum(['true', 'false']).default('false') }),
    answer: z.object({ items: z.array(approvalAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) =>
      listApprovals(ctx, { all: query.all === 'true', limit: query.limit, before: cursorId(query.cursor) }),
  }),
  route({
    method: 'GET',
    path: '/approvals/:id',
    permission: 'approvals.decide',
    summary: 'Show what somebody asked for',
    answer: approvalAnswer,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'POST',
    path: '/approvals/:id/approve',
    permission: 'approvals.decide',
    summary: 'Agree to what somebody else asked for: it is carried out at once',
    body: decisionInput,
    answer: approvalAnswer,
    run: (ctx, { params, body }, person) => decide(ctx, params.id, true, body.note, person),
  }),
  route({
    method: 'POST',
    path: '/approvals/:id/refuse',
    permission: 'approvals.decide',
    summary: 'Refuse what somebody else asked for',
    body: decisionInput,
    answer: approvalAnswer,
    run: (ctx, { params, body }, person) => decide(ctx, params.id, false, body.note, person),
  }),
  route({
    method: 'GET',
    path: '/approvals/limits',
    permission: 'approvals.settings',
    summary: 'Show up to what one person is enough',
    answer: z.array(limitAnswer),
    run: (ctx) => listLimits(ctx),
  }),
  route({
    method: 'PUT',
    path: '/approvals/limits',
    permission: 'approvals.settings',
    summary: 'Say up to what one person is enough, for one kind; 0: never',
    body: z.object({ kind: z.string().max(60), limit_cents: z.int().min(0).max(1_000_000_000_000) }),
    answer: z.array(limitAnswer),
    async run(ctx, { body }) {
      if (!(await saveLimit(ctx, body.kind, body.limit_cents))) throw invalid({ kind: 'is no kind of request' });
      return listLimits(ctx);
    },
  }),
];
