import { unauthorized } from '../platform/http/problem';
import { publicRoute, route } from '../platform/http/route';
import { issueTokens, revokeOwnTokens, rotateTokens } from './issue-tokens';
import { refreshInput, signInInput, tokenPair } from './schema';
import { signIn } from './sign-in';

export const apiRoutes = [
  publicRoute({
    method: 'POST',
    path: '/auth/login',
    summary: 'Sign in a program with e-mail and password',
    status: 200,
    body: signInInput,
    answer: tokenPair,
    run: (call, { body }) => signIn(call, body, 'api', (ctx, staffId) => issueTokens(ctx, staffId)),
  }),
  publicRoute({
    method: 'POST',
    path: '/auth/refresh',
    summary: 'Exchange a refresh token for a new pair',
    status: 200,
    body: refreshInput,
    answer: tokenPair,
    run: async (call, { body }) => {
      const rotation = await rotateTokens(call.db.outside, body.refreshToken);
      if (rotation.kind === 'rotated') return rotation.pair;
      if (rotation.kind === 'reused') call.log.warn({ ip: call.ip }, 'a refresh token was used twice; its family is revoked');
      throw unauthorized('This refresh token is not valid any more. Sign in again.', 'refresh_refused');
    },
  }),
  route({
    method: 'POST',
    path: '/auth/logout',
    permission: 'signed_in',
    summary: 'End this token and its refresh token',
    status: 204,
    run: async (ctx, _input, person) => revokeOwnTokens(ctx, person.tokenHash),
  }),
];
