import { recordAudit } from '../audit';
import type { Actor, Context } from '../platform/context';
import { Problem, tooMany } from '../platform/http/problem';
import type { Call } from '../platform/http/route';
import { checkSignIn } from './check-sign-in';

/**
 * Signs somebody in with e-mail and password and does `then` (issue tokens, open a browser session) in one transaction of their company.
 * @param via `api` or `console`, for the audit
 * @throws Problem 401 for a wrong e-mail or password, 429 with Retry-After after too many wrong ones
 */
export async function signIn<T>(
  call: Pick<Call, 'db' | 'ip' | 'requestId'>,
  input: { email: string; password: string },
  via: 'api' | 'console',
  then: (ctx: Context, staffId: bigint) => Promise<T>,
): Promise<T> {
  const check = await checkSignIn(call.db.outside, input.email, input.password, call.ip);
  if (check.kind === 'wait') throw tooMany(check.seconds, `Too many wrong passwords. Try again in ${check.seconds} s.`);
  if (check.kind === 'wrong')
    throw new Problem(401, 'wrong_credentials', 'The e-mail or the password is wrong. Check both and try again.');
  const actor: Actor = {
    kind: 'staff',
    id: check.staffId,
    name: input.email.toLowerCase(),
    ip: call.ip,
    permissions: new Set(),
  };
  return call.db.inTenant({ tenantId: check.tenantId, actor, requestId: call.requestId }, async (ctx) => {
    await recordAudit(ctx, 'staff.sign_in', { type: 'staff', id: check.staffId }, { via });
    return then(ctx, check.staffId);
  });
}
