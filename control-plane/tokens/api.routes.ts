import { z } from 'zod';
import { conflict, invalid, notFound, Problem } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { createToken } from './create-token';
import { listTokens } from './queries';
import { revokeToken } from './revoke-token';
import { newToken, tokenAnswer, tokenWithSecret } from './schema';

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/tokens',
    permission: 'signed_in',
    summary: 'List your tokens and the programs signed in as you; everybody’s with all=true, for tokens.manage',
    query: z.object({ all: z.enum(['true', 'false']).optional() }),
    answer: z.object({ items: z.array(tokenAnswer), nextCursor: z.null() }),
    run: async (ctx, { query }, person) => {
      const all = query.all === 'true' && ctx.actor.permissions.has('tokens.manage');
      const staffId = all ? undefined : person.staffId;
      return { items: await listTokens(ctx, { staffId, currentHash: person.tokenHash }), nextCursor: null };
    },
  }),
  route({
    method: 'POST',
    path: '/tokens',
    permission: 'signed_in',
    summary: 'Make a token for a program of yours; the answer holds it, and it is told this once',
    body: newToken,
    answer: tokenWithSecret,
    run: async (ctx, { body }, person) => {
      const made = await createToken(ctx, person, body);
      switch (made.kind) {
        case 'made_by_people':
          throw new Problem(403, 'made_by_people', 'A token cannot make tokens. Sign in with e-mail and password.');
        case 'not_yours':
          throw invalid({ scopes: `may only hold what you may do yourself, which is not ${made.scopes.join(', ')}` });
        case 'too_many':
          throw conflict('too_many', `You hold ${made.most} tokens. Revoke one that is not used any more.`);
        case 'created': {
          const [shown] = await listTokens(ctx, {
            staffId: person.staffId,
            id: made.id,
            currentHash: person.tokenHash,
          });
          return new Reply(201, { ...shown, token: made.token }, {}, 'told_once');
        }
      }
    },
  }),
  route({
    method: 'DELETE',
    path: '/tokens/:id',
    permission: 'signed_in',
    summary: 'Revoke a token, or sign a program out',
    run: async (ctx, { params }, person) => {
      if ((await revokeToken(ctx, person, params.id)) === 'not_found') throw notFound('This token');
    },
  }),
];
