import { createHash, randomBytes } from 'node:crypto';
import type { Context } from '../platform/context';
import type { Cookie, Web } from '../platform/http/page';
import type { Locale } from '../platform/i18n';
import type { Device } from './device';
import { routerOf, type Door } from './door';

const COOKIE = 'lango_pass';
const COOKIE_S = 180 * 86_400;

export type Proof = 'payment' | 'pass' | 'receipt' | 'code' | 'voucher' | 'trial' | 'account';

export interface Pass {
  id: bigint;
  subscription_id: bigint;
  proof: Proof;
  mac: string | null;
  nas_id: bigint | null;
  login_url: string | null;
  admitted_at: Date | null;
}

/** A word for an address that nobody guesses: 256 random bits. */
export const newWord = (): string => randomBytes(32).toString('base64url');
export const isWord = (text: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(text);
export const hashWord = (word: string): Buffer => createHash('sha256').update(word).digest();

export const passCookie = (word: string): Cookie => ({ name: COOKIE, value: word, maxAgeS: COOKIE_S });
export const passPath = (door: Door, word: string): string => `/hotspot/${door.site.slug}/pass/${word}`;

/** The word that this browser came with; it may be anybody's invention. */
export function wordOf(web: Web): string | undefined {
  const word = web.cookies[COOKIE] ?? '';
  return isWord(word) ? word : undefined;
}

/** The pass of this company with this word. */
export async function findPass(ctx: Context, word: string | undefined): Promise<Pass | undefined> {
  if (word === undefined || !isWord(word)) return undefined;
  const [row] = await ctx.tx.$queryRaw<Pass[]>`
    SELECT id, subscription_id, proof, mac, nas_id, login_url, admitted_at FROM hotspot_pass WHERE word_hash = ${hashWord(word)} AND tenant_id = ${ctx.tenantId}`;
  return row;
}

/** Whether its holder has shown that the service is theirs: by their own payment, or before the pass was made. */
export const isPayer = (pass: Pass): boolean => pass.proof !== 'payment' || pass.admitted_at !== null;

export interface NewPass {
  word: string;
  subscriptionId: bigint;
  proof: Proof;
  device: Device;
  locale: Locale;
}

/** Makes a pass. The same word again (a second tap) is the same pass; where it is another service's, nothing is made and undefined is given. */
export async function makePass(ctx: Context, door: Door, input: NewPass): Promise<Pass | undefined> {
  const { word, subscriptionId, proof, device, locale } = input;
  const nasId = await routerOf(ctx, door, device);
  await ctx.tx.$executeRaw`
    INSERT INTO hotspot_pass (tenant_id, site_id, word_hash, subscription_id, proof, mac, nas_id, login_url, locale, created_at)
    VALUES (${ctx.tenantId}, ${door.siteId}, ${hashWord(word)}, ${subscriptionId}, ${proof}, ${device.mac ?? null}, ${nasId ?? null}::bigint, ${device.login ?? null}, ${locale}, ${ctx.now})
    ON CONFLICT (word_hash) DO NOTHING`;
  const pass = await findPass(ctx, word);
  return pass?.subscription_id === subscriptionId ? pass : undefined;
}

/** Binds its device and lets it in, if the service lets anybody in; others leave where they would be too many. The caller has seen that the holder is the payer. */
export async function admit(ctx: Context, pass: Pass): Promise<void> {
  await ctx.tx.$executeRaw`SELECT hotspot_admit(${pass.id})`;
}

/** Keeps what was accepted: the site's terms as they are now, which device, from where and when. */
export async function keepConsent(ctx: Context, { site }: Door, pass: Pass, ip: string): Promise<void> {
  if (site.terms === '') return;
  const hash = createHash('sha256').update(site.terms).digest();
  await ctx.tx.$executeRaw`
    INSERT INTO hotspot_terms (tenant_id, hash, words, first_at) VALUES (${ctx.tenantId}, ${hash}, ${site.terms}, ${ctx.now}) ON CONFLICT (tenant_id, hash) DO NOTHING`;
  await ctx.tx.$executeRaw`
    INSERT INTO hotspot_consent (tenant_id, terms_id, pass_id, mac, ip, at)
    SELECT ${ctx.tenantId}, t.id, ${pass.id}, ${pass.mac}, ${ip}::inet, ${ctx.now} FROM hotspot_terms t WHERE t.tenant_id = ${ctx.tenantId} AND t.hash = ${hash}
    ON CONFLICT (pass_id, terms_id) DO NOTHING`;
}
