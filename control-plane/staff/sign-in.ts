import { recordAudit } from '../audit';
import type { Actor, Context } from '../platform/context';
import { Problem, tooMany } from '../platform/http/problem';
import type { Call } from '../platform/http/route';
import { checkSignIn } from './check-sign-in';
import { takeCode } from './second-factor';

/** What signing in works with. */
export type SigningIn = Pick<Call, 'db' | 'ip' | 'requestId'>;

export interface Signer {
  tenantId: bigint;
  staffId: bigint;
  email: string;
}

/** What was shown: stands in the audit and in the list of sign-ins. */
export type Proof =
  'password' | 'password+code' | 'password+recovery' | 'password+passkey' | 'passkey' | 'oidc' | 'invitation';

export type FirstStep = Signer & {
  /** The password alone does not sign this person in. */
  needsSecond: boolean;
};

/**
 * Checks e-mail and password.
 * @throws Problem 401 for a wrong e-mail or password, 429 with Retry-After after too many wrong ones
 */
export async function checkFirst(call: SigningIn, input: { email: string; password: string }): Promise<FirstStep> {
  const { outside } = call.db;
  const check = await checkSignIn(outside, input.email, input.password, call.ip);
  if (check.kind === 'wait') throw tooMany(check.seconds, `Too many wrong passwords. Try again in ${check.seconds} s.`);
  if (check.kind === 'wrong')
    throw new Problem(401, 'wrong_credentials', 'The e-mail or the password is wrong. Check both and try again.');
  const [row] = await outside.$queryRaw<
    { needs: boolean }[]
  >`SELECT staff_has_second_factor(${check.staffId}) AS needs`;
  return {
    tenantId: check.tenantId,
    staffId: check.staffId,
    email: input.email.toLowerCase(),
    needsSecond: row?.needs ?? true,
  };
}

/**
 * Takes a code of the person's app, or a recovery code. Wrong ones are damped like passwords, and by account over all strange sources together.
 * @returns undefined for a wrong one @throws Problem 429 while they must wait
 */
export async function checkSecond(
  call: SigningIn,
  who: Signer,
  code: string,
): Promise<'password+code' | 'password+recovery' | undefined> {
  const { outside } = call.db;
  const counted = `code ${who.email}`;
  const [wait] = await outside.$queryRaw<
    { seconds: number }[]
  >`SELECT staff_code_wait(${who.staffId}, ${who.email}, ${call.ip}::inet) AS seconds`;
  if (wait && wait.seconds > 0)
    throw tooMany(wait.seconds, `Too many wrong codes. Try again in ${wait.seconds} s, or use a passkey.`);
  const taken = await call.db.inTenant(openingOf(call, who), (ctx) => takeCode(ctx, who.staffId, code));
  if (taken === undefined) {
    await outside.$executeRaw`SELECT staff_login_failed(${counted}, ${call.ip}::inet)`;
    return undefined;
  }
  await outside.$executeRaw`SELECT staff_login_forgive(${counted}, ${call.ip}::inet)`;
  return `password+${taken}`;
}

/** Signs somebody in whose proofs were right and does `then` (issue tokens, open a browser session) in one transaction of their company. */
export function enter<T>(
  call: SigningIn,
  who: Signer,
  via: 'api' | 'console',
  proof: Proof,
  then: (ctx: Context, staffId: bigint) => Promise<T>,
): Promise<T> {
  return call.db.inTenant(openingOf(call, who), async (ctx) => {
    await recordAudit(ctx, 'staff.sign_in', { type: 'staff', id: who.staffId }, { via, proof });
    return then(ctx, who.staffId);
  });
}

/**
 * Signs a program in, in one request.
 * @throws Problem 401 `wrong_credentials`, 401 `second_factor_needed` when a code is missing or wrong, 429 while it must wait
 */
export async function signIn<T>(
  call: SigningIn,
  input: { email: string; password: string; code?: string | undefined },
  then: (ctx: Context, staffId: bigint) => Promise<T>,
): Promise<T> {
  const who = await checkFirst(call, input);
  if (!who.needsSecond) return enter(call, who, 'api', 'password', then);
  const proof = input.code === undefined ? undefined : await checkSecond(call, who, input.code);
  if (proof === undefined)
    throw new Problem(
      401,
      'second_factor_needed',
      input.code === undefined
        ? 'This person signs in with a second proof. Send the code of their app, or a recovery code, as code.'
        : 'The code is wrong or was used before. Send the one that the app shows now.',
    );
  return enter(call, who, 'api', proof, then);
}

function openingOf(call: SigningIn, who: Signer) {
  const actor: Actor = { kind: 'staff', id: who.staffId, name: who.email, ip: call.ip, permissions: new Set() };
  return { tenantId: who.tenantId, actor, requestId: call.requestId };
}
