import { checkPassword } from './password';
import type { Asking } from './steps';

export type SignInCheck =
  | { kind: 'right'; staffId: bigint; tenantId: bigint }
  /** Nobody with this e-mail, a wrong password, a disabled person: they must look the same. */
  | { kind: 'wrong' }
  | { kind: 'wait'; seconds: number };

/**
 * Checks an e-mail and password. Wrong ones are counted per (account, source: an IPv4 address or an IPv6 /64), so that guessing slows down for the guesser and nobody
 * can lock a colleague out from elsewhere. While waiting, even the right password is refused without being looked at.
 */
export async function checkSignIn(outside: Asking, email: string, password: string, ip: string): Promise<SignInCheck> {
  const [wait] = await outside.$queryRaw<
    { seconds: number }[]
  >`SELECT staff_login_wait(${email}, ${ip}::inet) AS seconds`;
  if (wait && wait.seconds > 0) return { kind: 'wait', seconds: wait.seconds };
  const [found] = await outside.$queryRaw<
    { staff_id: bigint; tenant_id: bigint; password_hash: string }[]
  >`SELECT * FROM staff_password(${email})`;
  const right = await checkPassword(found?.password_hash, password);
  if (!right || !found) {
    await outside.$executeRaw`SELECT staff_login_failed(${email}, ${ip}::inet)`;
    return { kind: 'wrong' };
  }
  await outside.$executeRaw`SELECT staff_login_forgive(${email}, ${ip}::inet)`;
  return { kind: 'right', staffId: found.staff_id, tenantId: found.tenant_id };
}
