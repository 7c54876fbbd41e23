import { z } from 'zod';
import type { Context } from '../platform/context';
import { listQuery } from '../platform/http/input';
import { conflict, invalid, notFound, unauthorized } from '../platform/http/problem';
import { publicRoute, route } from '../platform/http/route';
import { changeStaff, type ChangedStaff } from './change-staff';
import { createStaff, type CreatedStaff } from './create-staff';
import { weakPassword } from './password-policy';
import { issueTokens, revokeOwnTokens, rotateTokens } from './issue-tokens';
import { findStaff, listStaff, type StaffView } from './queries';
import { roleApiRoutes } from './role-api.routes';
import { newStaffInput, refreshInput, signInInput, staffAnswer, staffChangeInput, tokenPair } from './schema';
import { signIn } from './sign-in';

async function answer(ctx: Context, id: bigint, outcome: CreatedStaff | ChangedStaff): Promise<StaffView> {
  switch (outcome.kind) {
    case 'email_taken':
      throw conflict('email_taken', 'Somebody signs in with this e-mail already. Use another address.', {
        email: 'is taken',
      });
    case 'no_such_role':
      throw invalid({ role: `must be one of ${outcome.roles.join(', ')}` });
    case 'weak_password':
      throw invalid({ password: weakPassword(outcome.fault, outcome.minLength) });
    case 'not_found':
      throw notFound('This person');
    case 'not_yourself':
      throw conflict('not_yourself', 'You cannot take away your own access. Ask another administrator.');
    case 'stronger':
      throw conflict('stronger', 'This colleague may do things that you may not. Ask somebody who may do them too.');
    case 'super_admin':
      throw conflict(
        'super_admin',
        'A super admin is changed by themselves, or on the server with: npx lango admin create.',
      );
    case 'created':
    case 'changed': {
      const found = await findStaff(ctx, outcome.kind === 'created' ? outcome.id : id);
      if (!found) throw notFound('This person');
      return found;
    }
  }
}

export const apiRoutes = [
  ...roleApiRoutes,
  publicRoute({
    method: 'POST',
    path: '/auth/login',
    summary: 'Sign in a program with e-mail and password',
    status: 200,
    body: signInInput,
    answer: tokenPair,
    run: (call, { body }) => signIn(call, body, issueTokens),
  }),
  publicRoute({
    method: 'POST',
    path: '/auth/refresh',
    summary: 'Exchange a refresh token for a new pair',
    status: 200,
    body: refreshInput,
    answer: tokenPair,
    run: async (call, { body }) => {
      const rotation = await rotateTokens(call.db, body.refreshToken);
      if (rotation.kind === 'rotated') return rotation.pair;
      if (rotation.kind === 'reused')
        call.log.warn({ ip: call.ip }, 'a refresh token was used twice; its family is revoked');
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
  route({
    method: 'GET',
    path: '/staff',
    permission: 'staff.read',
    summary: 'List colleagues',
    query: listQuery,
    answer: z.object({ items: z.array(staffAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listStaff(ctx, query),
  }),
  route({
    method: 'POST',
    path: '/staff',
    permission: 'staff.write',
    summary: 'Take in a colleague',
    body: newStaffInput,
    answer: staffAnswer,
    run: async (ctx, { body }) => answer(ctx, 0n, await createStaff(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/staff/:id',
    permission: 'staff.read',
    summary: 'Show a colleague',
    answer: staffAnswer,
    run: async (ctx, { params }) => {
      const found = await findStaff(ctx, params.id);
      if (!found) throw notFound('This person');
      return found;
    },
  }),
  route({
    method: 'PATCH',
    path: '/staff/:id',
    permission: 'staff.write',
    summary: 'Change a colleague; a new role, a new password or disabling ends their sign-ins',
    body: staffChangeInput,
    answer: staffAnswer,
    run: async (ctx, { params, body }) => answer(ctx, params.id, await changeStaff(ctx, params.id, body)),
  }),
];
