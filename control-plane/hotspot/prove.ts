import { randomInt, timingSafeEqual } from 'node:crypto';
import { canSend, enqueueMessage } from '../messages';
import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';
import type { Door } from './door';
import { hashWord } from './passes';

export const CODE_MINUTES = 10;
const MOST_TRIES = 5;
const MOST_TO_ONE = 5;
const MOST_OF_COMPANY = 300;
/** Tries with the last signs of a receipt, for one phone in an hour. */
const MOST_GUESSES = 10;

/** What may be moved to another device: what was bought at a hotspot, or is sold for one. */
export interface Owned {
  id: bigint;
  plan: string;
  until: Date | null;
}

export type ByReceipt = { kind: 'found'; subscriptionId: bigint } | { kind: 'none' } | { kind: 'whole_needed' };

/**
 * The service that a payment was for, by the phone that paid and its receipt: the whole, or its last four signs. Short ones are counted, so that nobody tries them
 * all; the whole receipt is not, so that nobody can lock its owner out.
 */
export async function byReceipt(ctx: Context, phone: string, receipt: string): Promise<ByReceipt> {
  const whole = receipt.length >= 8;
  if (!whole) {
    if (receipt.length < 4) return { kind: 'none' };
    await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`guess ${ctx.tenantId} ${phone}`}, 0))`;
    const [counted] = await ctx.tx.$queryRaw<{ tries: number }[]>`
      SELECT count(*)::int AS tries FROM hotspot_guess WHERE tenant_id = ${ctx.tenantId} AND phone = ${phone} AND at > lango_now() - interval '1 hour'`;
    if ((counted?.tries ?? 0) >= MOST_GUESSES) return { kind: 'whole_needed' };
    await ctx.tx
      .$executeRaw`INSERT INTO hotspot_guess (tenant_id, phone, at) VALUES (${ctx.tenantId}, ${phone}, ${ctx.now})`;
  }
  const [row] = await ctx.tx.$queryRaw<{ subscription_id: bigint }[]>`
    SELECT m.subscription_id FROM payment m JOIN subscription_now s ON s.id = m.subscription_id
    WHERE m.tenant_id = ${ctx.tenantId} AND m.phone = ${phone} AND m.state = 'settled' AND s.state <> 'ended'
      AND CASE WHEN ${whole} THEN upper(m.receipt) = ${receipt} ELSE right(upper(m.receipt), 4) = right(${receipt}, 4) AND m.created_at > lango_now() - interval '90 days' END
    ORDER BY subscription_is_entitled(s.access_state) DESC, m.id DESC LIMIT 1`;
  return row ? { kind: 'found', subscriptionId: row.subscription_id } : { kind: 'none' };
}

/** The running services of the customers with this phone, that are for a hotspot. */
export function ownedBy(ctx: Context, phone: string): Promise<Owned[]> {
  return ctx.tx.$queryRaw<Owned[]>`
    SELECT s.id, p.name AS plan, s.valid_until AS until
    FROM subscriber c JOIN subscription_now s ON s.subscriber_id = c.id JOIN plan p ON p.id = s.plan_id
    WHERE c.tenant_id = ${ctx.tenantId} AND c.phone = ${phone} AND c.deleted_at IS NULL AND NOT c.is_guests AND subscription_is_entitled(s.access_state)
      AND (p.kind = 'hotspot' OR EXISTS (SELECT FROM hotspot_pass h WHERE h.subscription_id = s.id))
    ORDER BY s.valid_until DESC NULLS FIRST, s.id DESC LIMIT 10`;
}

export const canSendCodes = (ctx: Context): Promise<boolean> => canSend(ctx, 'sms');

const codeHash = (ctx: Context, word: string, code: string): Buffer =>
  ctx.secrets.sign('hotspot_code.code', `${ctx.tenantId} ${word} ${code}`);

/** What a code shows a phone for: a service of its own that runs, or a site's free minutes. */
export type Purpose = 'service' | 'trial';

/**
 * Sends a code to a phone: for a service if the phone has one that runs, for a trial to any. Whether it was sent is not told: the page says the same to everybody.
 * The two purposes are counted apart, so that nobody who asks for trials keeps others from their service.
 */
export async function sendCode(
  ctx: Context,
  door: Door,
  wish: { word: string; phone: string; locale: Locale; purpose: Purpose },
): Promise<void> {
  const { word, phone, locale, purpose } = wish;
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`hotspot code ${ctx.tenantId}`}, 0))`;
  const [sent] = await ctx.tx.$queryRaw<{ to_one: number; of_company: number }[]>`
    SELECT count(*) FILTER (WHERE phone = ${phone})::int AS to_one, count(*) FILTER (WHERE code_hash IS NOT NULL OR confirmed_at IS NOT NULL)::int AS of_company FROM hotspot_code
    WHERE tenant_id = ${ctx.tenantId} AND purpose = ${purpose} AND sent_at > lango_now() - interval '1 hour'`;
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const until = new Date(ctx.now.getTime() + CODE_MINUTES * 60_000);
  const fine = (sent?.to_one ?? 0) < MOST_TO_ONE && (sent?.of_company ?? 0) < MOST_OF_COMPANY;
  const goes = fine && (purpose === 'trial' || (await ownedBy(ctx, phone)).length > 0);
  const rows = await ctx.tx.$executeRaw`
    INSERT INTO hotspot_code (tenant_id, site_id, word_hash, phone, purpose, code_hash, expires_at, sent_at)
    VALUES (${ctx.tenantId}, ${door.siteId}, ${hashWord(word)}, ${phone}, ${purpose}, ${goes ? codeHash(ctx, word, code) : null}::bytea, ${until}, ${ctx.now}) ON CONFLICT (word_hash) DO NOTHING`;
  if (rows === 0 || !goes) return;
  await enqueueMessage(ctx, {
    kind: 'code',
    channel: 'sms',
    recipient: phone,
    locale,
    values: { code, minutes: CODE_MINUTES },
    expiresAt: until,
  });
}

export interface Proving {
  phone: string;
  confirmed: boolean;
  purpose: Purpose;
}

/** Who holds this word is proving that a phone is theirs, or has. For an hour. */
export async function findProving(ctx: Context, word: string): Promise<Proving | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ phone: string; confirmed_at: Date | null; purpose: Purpose }[]>`
    SELECT phone, confirmed_at, purpose FROM hotspot_code WHERE tenant_id = ${ctx.tenantId} AND word_hash = ${hashWord(word)} AND sent_at > lango_now() - interval '1 hour'`;
  return row && { phone: row.phone, confirmed: row.confirmed_at !== null, purpose: row.purpose };
}

/** Looks at a code: a try is spent before it is compared. */
export async function confirmCode(ctx: Context, word: string, code: string): Promise<'right' | 'wrong' | 'over'> {
  const [row] = await ctx.tx.$queryRaw<
    { id: bigint; code_hash: Uint8Array | null; tries: number; over: boolean; done: boolean }[]
  >`
    SELECT id, code_hash, tries, expires_at < lango_now() AS over, confirmed_at IS NOT NULL AS done FROM hotspot_code
    WHERE tenant_id = ${ctx.tenantId} AND word_hash = ${hashWord(word)} FOR UPDATE`;
  if (row?.done) return 'right';
  if (!row || row.over || row.tries >= MOST_TRIES) return 'over';
  await ctx.tx.$executeRaw`UPDATE hotspot_code SET tries = tries + 1 WHERE id = ${row.id}`;
  const typed = codeHash(ctx, word, code.replaceAll(/\D/g, ''));
  // A phone without a service has no code, and is told what a wrong one is.
  if (row.code_hash === null || !timingSafeEqual(typed, row.code_hash)) return 'wrong';
  await ctx.tx.$executeRaw`UPDATE hotspot_code SET confirmed_at = ${ctx.now}, code_hash = NULL WHERE id = ${row.id}`;
  return 'right';
}
