import { randomInt } from 'node:crypto';
import type { Context } from '../platform/context';
import { hashSecret } from '../platform/http/session-cookie';
import { totpStep } from './totp';

const PURPOSE = 'staff.totp';
const RECOVERY_CODES = 10;
/** Without letters that are read as digits. 10 of 30 letters are 49 bits: guessing is hopeless at five tries a step. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz2345679';

export interface SecondFactor {
  totp: boolean;
  recoveryLeft: number;
  passkeys: number;
}

/** What somebody can prove themselves with beside the password. */
export async function secondFactorOf(ctx: Context, staffId: bigint): Promise<SecondFactor> {
  const [row] = await ctx.tx.$queryRaw<{ totp: boolean; left: bigint; passkeys: bigint }[]>`
    SELECT EXISTS (SELECT FROM staff_security WHERE staff_id = ${staffId} AND totp_confirmed_at IS NOT NULL) AS totp,
      (SELECT count(*) FROM staff_recovery_code WHERE staff_id = ${staffId} AND used_at IS NULL) AS left,
      (SELECT count(*) FROM staff_passkey WHERE staff_id = ${staffId}) AS passkeys`;
  return { totp: row?.totp ?? false, recoveryLeft: Number(row?.left ?? 0), passkeys: Number(row?.passkeys ?? 0) };
}

/** Keeps a secret that was shown; it counts for nothing until a code proves that it arrived. */
export async function offerTotp(ctx: Context, staffId: bigint, secret: string): Promise<void> {
  const sealed = ctx.secrets.seal(PURPOSE, ctx.tenantId, secret);
  await ctx.tx.$executeRaw`
    INSERT INTO staff_security (staff_id, tenant_id, totp_secret_enc) VALUES (${staffId}, ${ctx.tenantId}, ${sealed})
    ON CONFLICT (staff_id) DO UPDATE SET totp_secret_enc = excluded.totp_secret_enc, totp_last_step = NULL WHERE staff_security.totp_confirmed_at IS NULL`;
}

/** The secret that waits for its first code, so that the page which asks for it can be shown again. */
export async function offeredTotp(ctx: Context, staffId: bigint): Promise<string | undefined> {
  const row = await readTotp(ctx, staffId);
  return row && !row.confirmed ? row.secret : undefined;
}

/** Takes a code of the app, once. @returns whether it was right */
export async function takeTotp(ctx: Context, staffId: bigint, code: string): Promise<boolean> {
  const row = await readTotp(ctx, staffId);
  if (!row) return false;
  const step = totpStep(row.secret, code.replace(/\D/g, ''), Date.now(), row.lastStep);
  if (step === undefined) return false;
  // Of two requests with the same code one finds the step taken: the row was locked when it was read.
  await ctx.tx.$executeRaw`
    UPDATE staff_security SET totp_last_step = ${step}, totp_confirmed_at = coalesce(totp_confirmed_at, now()) WHERE staff_id = ${staffId}`;
  return true;
}

/** Six digits are the app's, anything else is a recovery code. */
export async function takeCode(ctx: Context, staffId: bigint, code: string): Promise<'code' | 'recovery' | undefined> {
  const { totp } = await secondFactorOf(ctx, staffId);
  if (!totp) return undefined;
  if (/^[\d\s]+$/.test(code)) return (await takeTotp(ctx, staffId, code)) ? 'code' : undefined;
  const used = await ctx.tx.$executeRaw`
    UPDATE staff_recovery_code SET used_at = now() WHERE staff_id = ${staffId} AND code_hash = ${recoveryHash(staffId, code)} AND used_at IS NULL`;
  return used === 1 ? 'recovery' : undefined;
}

/** Ten new recovery codes in place of all before; they are shown once. */
export async function newRecoveryCodes(ctx: Context, staffId: bigint): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    const letters = Array.from({ length: 10 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    return `${letters.slice(0, 5)}-${letters.slice(5)}`;
  });
  await ctx.tx.$executeRaw`DELETE FROM staff_recovery_code WHERE staff_id = ${staffId}`;
  for (const code of codes)
    await ctx.tx
      .$executeRaw`INSERT INTO staff_recovery_code (tenant_id, staff_id, code_hash) VALUES (${ctx.tenantId}, ${staffId}, ${recoveryHash(staffId, code)})`;
  return codes;
}

/** Takes the code generator away, and with it the recovery codes. */
export async function removeTotp(ctx: Context, staffId: bigint): Promise<void> {
  await ctx.tx
    .$executeRaw`UPDATE staff_security SET totp_secret_enc = NULL, totp_confirmed_at = NULL, totp_last_step = NULL WHERE staff_id = ${staffId}`;
  await ctx.tx.$executeRaw`DELETE FROM staff_recovery_code WHERE staff_id = ${staffId}`;
}

function recoveryHash(staffId: bigint, code: string): Buffer {
  return hashSecret(`${staffId} ${code.toLowerCase().replace(/[^a-z0-9]/g, '')}`);
}

async function readTotp(
  ctx: Context,
  staffId: bigint,
): Promise<{ secret: string; lastStep: number; confirmed: boolean } | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ sealed: Uint8Array | null; last: bigint | null; confirmed: boolean }[]>`
    SELECT totp_secret_enc AS sealed, totp_last_step AS last, totp_confirmed_at IS NOT NULL AS confirmed
    FROM staff_security WHERE staff_id = ${staffId} FOR UPDATE`;
  if (!row?.sealed) return undefined;
  return {
    secret: ctx.secrets.open(PURPOSE, ctx.tenantId, row.sealed),
    lastStep: Number(row.last ?? 0),
    confirmed: row.confirmed,
  };
}
