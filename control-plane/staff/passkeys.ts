import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { z } from 'zod';
import type { Context } from '../platform/context';
import type { Asking } from './steps';

/** The place that a passkey belongs to: the host people reach us by. Browsers make passkeys on https and on localhost only, and never for bare addresses. */
export interface Place {
  host: string;
  origins: string[];
}

/** Where passkeys of this installation belong, or undefined where browsers make none. */
export function passkeyPlace({ publicUrl, origin }: { publicUrl: string; origin: string }): Place | undefined {
  const known = new URL(publicUrl);
  const named = /[a-z]/i.test(known.hostname) && !known.hostname.includes(':');
  if (!named || (known.protocol !== 'https:' && known.hostname !== 'localhost')) return undefined;
  const here = new URL(origin);
  // On localhost the port is whatever is free.
  const also = known.hostname === 'localhost' && here.hostname === 'localhost' ? [here.origin] : [];
  return { host: known.hostname, origins: [known.origin, ...also] };
}

export interface Passkey {
  id: bigint;
  credential_id: string;
  name: string;
  transports: string[];
  created_at: Date;
  last_used_at: Date | null;
}

/** A person's passkeys, oldest first. */
export function listPasskeys(ctx: Context, staffId: bigint): Promise<Passkey[]> {
  return ctx.tx.$queryRaw<Passkey[]>`
    SELECT id, credential_id, name, transports, created_at, last_used_at FROM staff_passkey WHERE staff_id = ${staffId} ORDER BY id LIMIT 50`;
}

/** What the browser is told when a passkey is to be made; the challenge is in it. */
export async function creationOptions(
  place: Place,
  person: { staffId: bigint; email: string; name: string },
  there: Passkey[],
) {
  return generateRegistrationOptions({
    rpName: 'Lango',
    rpID: place.host,
    userID: new Uint8Array(Buffer.from(`lango-staff-${person.staffId}`)),
    userName: person.email,
    userDisplayName: person.name,
    attestationType: 'none',
    excludeCredentials: there.map((one) => ({ id: one.credential_id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
}

/** What the browser is told when a passkey is to be shown: one of these, or with none named any that it has for us. */
export async function requestOptions(place: Place, these: Passkey[]) {
  return generateAuthenticationOptions({
    rpID: place.host,
    userVerification: 'required',
    allowCredentials: these.map((one) => ({ id: one.credential_id })),
  });
}

/** The browser's answer as it comes in a form's hidden field. */
export const browserAnswer = z
  .string()
  .min(2)
  .max(20_000)
  .transform((text, check): { id: string } & Record<string, unknown> => {
    try {
      const parsed = JSON.parse(text) as unknown;
      if (typeof parsed === 'object' && parsed !== null && 'id' in parsed && typeof parsed.id === 'string')
        return parsed as { id: string };
    } catch {
      // Said below.
    }
    check.addIssue({ code: 'custom', message: 'is not what a browser answers' });
    return z.NEVER;
  });
export type BrowserAnswer = z.output<typeof browserAnswer>;

/** Keeps a passkey that a browser has just made. @returns false when the answer does not fit the challenge, the place or the rules, or the passkey is known */
export async function keepPasskey(
  ctx: Context,
  place: Place,
  staffId: bigint,
  made: { answer: BrowserAnswer; challenge: string; name: string },
): Promise<boolean> {
  const verified = await verifyRegistrationResponse({
    response: made.answer as never,
    expectedChallenge: made.challenge,
    expectedOrigin: place.origins,
    expectedRPID: place.host,
    requireUserVerification: true,
  }).catch(() => undefined);
  if (!verified?.verified) return false;
  const { id, publicKey, counter, transports } = verified.registrationInfo.credential;
  const kept = await ctx.tx.$executeRaw`
    INSERT INTO staff_passkey (tenant_id, staff_id, credential_id, public_key, counter, transports, name)
    VALUES (${ctx.tenantId}, ${staffId}, ${id}, ${Buffer.from(publicKey)}, ${counter}, ${transports ?? []}, ${made.name}) ON CONFLICT (credential_id) DO NOTHING`;
  return kept === 1;
}

export interface PasskeyOwner {
  tenantId: bigint;
  staffId: bigint;
  email: string;
  passkeyId: bigint;
  counter: number;
}

/**
 * Whose passkey answered, if the signature over the challenge is right. Its person was verified by the device (PIN, finger, face), so it is
 * proof enough by itself.
 */
export async function whoseAnswer(
  db: Asking,
  place: Place,
  shown: { answer: BrowserAnswer; challenge: string },
): Promise<PasskeyOwner | undefined> {
  const [row] = await db.$queryRaw<
    {
      passkey_id: bigint;
      tenant_id: bigint;
      staff_id: bigint;
      email: string;
      public_key: Uint8Array;
      counter: bigint;
      transports: string[];
    }[]
  >`SELECT * FROM staff_passkey_owner(${shown.answer.id})`;
  if (!row) return undefined;
  const verified = await verifyAuthenticationResponse({
    response: shown.answer as never,
    expectedChallenge: shown.challenge,
    expectedOrigin: place.origins,
    expectedRPID: place.host,
    requireUserVerification: true,
    credential: {
      id: shown.answer.id,
      publicKey: new Uint8Array(row.public_key),
      counter: Number(row.counter),
    },
  }).catch(() => undefined);
  if (!verified?.verified) return undefined;
  const counter = verified.authenticationInfo.newCounter;
  return { tenantId: row.tenant_id, staffId: row.staff_id, email: row.email, passkeyId: row.passkey_id, counter };
}

/** Notes the use, and the device's count of signatures: an answer with an older count is refused from now on. */
export async function usedPasskey(ctx: Context, owner: PasskeyOwner): Promise<void> {
  await ctx.tx
    .$executeRaw`UPDATE staff_passkey SET counter = ${owner.counter}, last_used_at = now() WHERE id = ${owner.passkeyId}`;
}

/** Takes one of somebody's passkeys away. @returns its name, or undefined when they have none of that id */
export async function removePasskey(ctx: Context, staffId: bigint, id: bigint): Promise<string | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    { name: string }[]
  >`DELETE FROM staff_passkey WHERE id = ${id} AND staff_id = ${staffId} RETURNING name`;
  return row?.name;
}
