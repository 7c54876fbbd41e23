import { z } from 'zod';
import type { Context } from '../platform/context';
import { conflict, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { issueLine } from './issue-line';

const lineAnswer = z.object({ line: z.string(), url: z.string(), expires_at: z.string() });

/** @throws Problem where a router cannot be set up by a script */
async function line(ctx: Context, id: bigint): Promise<z.infer<typeof lineAnswer>> {
  const outcome = await issueLine(ctx, id);
  switch (outcome.kind) {
    case 'not_found':
      throw notFound('This router');
    case 'not_ours_to_set_up':
      throw conflict(
        'no_script',
        'There is a script for MikroTik routers that are known by their address. Set others up by hand: docs/reference/routers.md.',
      );
    case 'no_installation':
      throw conflict(
        'not_started',
        'Nobody has written down yet by what routers reach this installation. Run lango start once.',
      );
    case 'done':
      return { line: outcome.line, url: outcome.url, expires_at: outcome.expiresAt.toISOString() };
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/routers/:id/script',
    permission: 'routers.write',
    summary: 'Make the one line that brings a MikroTik in; it is good for a day, and an older one no more',
    answer: lineAnswer,
    run: async (ctx, { params }) => new Reply(200, await line(ctx, params.id), { 'cache-control': 'no-store' }),
  }),
];
