import type { Context } from '../platform/context';
import { arrival, departure, discover } from '../staff';
import { openIdentityProvider, type IdentityProvider } from '../sites';
import type { Said } from './device';
import { readMac } from './device';
import type { Door } from './door';
import { hashWord, newWord } from './passes';
import { claimOfPerson, type Claim } from './trial';

/** There and back at the provider, a second factor included. */
export const AWAY_S = 900;
const VERIFIER = 'hotspot_sign_in.verifier';

/** Who came back from the provider: for what they may have had before, and their e-mail where the provider vouches for it. */
export interface Person {
  claim: Claim;
  email: string | undefined;
}

export interface Left {
  /** Where to send the browser. */
  url: string;
  /** What the browser keeps. */
  browser: string;
}

/** Where the browser is sent, and what must come back with it; undefined where the provider does not answer. It may take seconds: not within a transaction. */
export async function planDeparture(provider: IdentityProvider, publicUrl: string, returnTo: string) {
  const config = await discover(provider, publicUrl);
  return config && departure(config, returnTo);
}

/** Keeps what somebody left with, by site and device: the browser may come back with nothing but its address. */
export async function keepDeparture(
  ctx: Context,
  door: Door,
  said: Said,
  leaving: Awaited<ReturnType<typeof departure>>,
): Promise<Left | undefined> {
  const mac = readMac(said.mac);
  if (mac === undefined) return undefined;
  const browser = newWord();
  await ctx.tx.$executeRaw`
    INSERT INTO hotspot_sign_in (tenant_id, site_id, mac, said, state_hash, browser_hash, verifier_enc, nonce, created_at, expires_at)
    VALUES (${ctx.tenantId}, ${door.siteId}, ${mac}, ${JSON.stringify(said)}::jsonb, ${hashWord(leaving.state)}, ${hashWord(browser)},
            ${ctx.secrets.seal(VERIFIER, ctx.tenantId, leaving.verifier)}, ${leaving.nonce}, ${ctx.now}, ${new Date(ctx.now.getTime() + AWAY_S * 1000)})`;
  return { url: leaving.url, browser };
}

/** What somebody left with, taken once. */
export interface Taken {
  id: bigint;
  said: Said;
  verifier: string;
  nonce: string;
  /** The browser that came back is the one that left. */
  same: boolean;
  provider: IdentityProvider | undefined;
}

export async function takeDeparture(
  ctx: Context,
  door: Door,
  state: string,
  browser: string | undefined,
): Promise<Taken | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    { id: bigint; said: Said; verifier_enc: Uint8Array; nonce: string; browser_hash: Uint8Array }[]
  >`UPDATE hotspot_sign_in SET came_at = ${ctx.now}
    WHERE tenant_id = ${ctx.tenantId} AND site_id = ${door.siteId} AND state_hash = ${hashWord(state)} AND came_at IS NULL AND expires_at > ${ctx.now}
    RETURNING id, said, verifier_enc, nonce, browser_hash`;
  if (!row) return undefined;
  return {
    id: row.id,
    said: row.said,
    verifier: ctx.secrets.open(VERIFIER, ctx.tenantId, row.verifier_enc),
    nonce: row.nonce,
    same: browser !== undefined && hashWord(browser).equals(Buffer.from(row.browser_hash)),
    provider: await openIdentityProvider(ctx, door.siteId),
  };
}

/** Who signed in, by what the browser brought back; undefined where anything does not fit, or the provider does not answer. Not within a transaction. */
export async function redeem(
  taken: Taken,
  came: { url: URL; state: string; publicUrl: string },
): Promise<{ subject: string; email: string | undefined; issuer: string } | undefined> {
  if (!taken.provider) return undefined;
  const config = await discover(taken.provider, came.publicUrl);
  const { verifier, nonce } = taken;
  const claims = config && (await arrival(config, came.url, { verifier, nonce, state: came.state }));
  return claims && { ...claims, issuer: taken.provider.issuer };
}

export const personOf = (
  ctx: Context,
  who: { issuer: string; subject: string; email: string | undefined },
): Person => ({
  claim: claimOfPerson(ctx, who.issuer, who.subject),
  email: who.email,
});

/** Keeps who signed in, until somebody at a browser that lost its word says that the device is theirs: the word for saying so. */
export async function awaitConfirmation(ctx: Context, id: bigint, { claim, email }: Person): Promise<string> {
  const word = newWord();
  await ctx.tx.$executeRaw`
    UPDATE hotspot_sign_in SET claim = ${claim}, email = ${email ?? null}, confirm_hash = ${hashWord(word)} WHERE id = ${id} AND tenant_id = ${ctx.tenantId}`;
  return word;
}

export async function confirmArrival(
  ctx: Context,
  door: Door,
  word: string,
): Promise<(Person & { said: Said }) | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ claim: Uint8Array; email: string | null; said: Said }[]>`
    DELETE FROM hotspot_sign_in WHERE tenant_id = ${ctx.tenantId} AND site_id = ${door.siteId} AND confirm_hash = ${hashWord(word)} AND expires_at > ${ctx.now}
    RETURNING claim, email, said`;
  return row && { claim: Buffer.from(row.claim), email: row.email ?? undefined, said: row.said };
}

/** The service that runs for a hotspot, of the customer with this e-mail; the one that runs longest where there are several. */
export async function serviceOfEmail(ctx: Context, email: string): Promise<bigint | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT s.id FROM subscriber c JOIN subscription_now s ON s.subscriber_id = c.id JOIN plan p ON p.id = s.plan_id
    WHERE c.tenant_id = ${ctx.tenantId} AND lower(c.email) = ${email} AND c.deleted_at IS NULL AND NOT c.is_guests AND subscription_is_entitled(s.access_state)
      AND (p.kind = 'hotspot' OR EXISTS (SELECT FROM hotspot_pass h WHERE h.subscription_id = s.id))
    ORDER BY s.valid_until DESC NULLS FIRST, s.id DESC LIMIT 1`;
  return row?.id;
}
