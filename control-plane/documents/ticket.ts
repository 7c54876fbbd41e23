import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { enqueueMessage, type Channel } from '../messages';
import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';

export const CODE_MINUTES = 10;
const MOST_TRIES = 5;
/** Codes to one phone or mailbox in an hour: enough for a bad network, too few to annoy somebody with. */
const MOST_TO_ONE = 5;
/** Codes that one company pays for in an hour: what a program can cost it. */
const MOST_OF_COMPANY = 300;
/** Customers of one phone: a family, a shop. */
const MOST_CUSTOMERS = 10;

export const newTicket = (): string => randomBytes(32).toString('base64url');

/** A ticket as a browser gives it back; empty where it gave none that could be ours. */
export const readTicket = (text: string | undefined): string =>
  text !== undefined && /^[A-Za-z0-9_-]{43}$/.test(text) ? text : '';

const hashOf = (ticket: string): Buffer => createHash('sha256').update(ticket).digest();
const recipientHash = (ctx: Context, to: string): Buffer =>
  ctx.secrets.sign('document_ticket.recipient', `${ctx.tenantId} ${to}`);
const codeHash = (ctx: Context, ticket: string, code: string): Buffer =>
  ctx.secrets.sign('document_ticket.code', `${ctx.tenantId} ${ticket} ${code}`);

export interface Recipient {
  channel: Channel;
  /** A phone in E.164, or a mailbox in small letters. */
  to: string;
}

/**
 * Sends a code to a phone or mailbox, if it is a customer's. Whether it was is not told: the page says the same to everybody, and who is nobody's gets nothing.
 * `often`: as many went there, or were asked for there, in the last hour as may.
 */
export async function askCode(
  ctx: Context,
  ticket: string,
  { channel, to }: Recipient,
  locale: Locale,
): Promise<'asked' | 'often'> {
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`document code ${ctx.tenantId}`}, 0))`;
  const recipient = recipientHash(ctx, to);
  const [sent] = await ctx.tx.$queryRaw<{ to_one: number; of_company: number }[]>`
    SELECT count(*) FILTER (WHERE recipient_hash = ${recipient})::int AS to_one, count(*) FILTER (WHERE subscriber_ids <> '{}')::int AS of_company
    FROM document_ticket WHERE tenant_id = ${ctx.tenantId} AND sent_at > lango_now() - interval '1 hour'`;
  if ((sent?.to_one ?? 0) >= MOST_TO_ONE) return 'often';
  const ids = (sent?.of_company ?? 0) < MOST_OF_COMPANY ? await customersOf(ctx, channel, to) : [];
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const until = new Date(ctx.now.getTime() + CODE_MINUTES * 60_000);
  await ctx.tx.$executeRaw`
    INSERT INTO document_ticket (tenant_id, ticket_hash, recipient_hash, subscriber_ids, code_hash, expires_at, sent_at)
    VALUES (${ctx.tenantId}, ${hashOf(ticket)}, ${recipient}, ${ids}::bigint[], ${ids.length > 0 ? codeHash(ctx, ticket, code) : null}::bytea, ${until}, ${ctx.now})`;
  if (ids.length > 0)
    await enqueueMessage(ctx, {
      kind: 'code',
      channel,
      recipient: to,
      locale,
      values: { code, minutes: CODE_MINUTES },
      expiresAt: until,
    });
  return 'asked';
}

async function customersOf(ctx: Context, channel: Channel, to: string): Promise<bigint[]> {
  const rows = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM subscriber
    WHERE tenant_id = ${ctx.tenantId} AND deleted_at IS NULL AND NOT is_guests AND CASE WHEN ${channel} = 'sms' THEN phone = ${to} ELSE lower(email) = ${to} END
    ORDER BY id LIMIT ${MOST_CUSTOMERS}`;
  return rows.map(({ id }) => id);
}

/** Whose documents the holder of a ticket may see, for an hour after the code was asked for; `unproven`: the code has not been typed. Undefined: it is nobody's ticket. */
export async function findHolder(
  ctx: Context,
  ticket: string,
): Promise<{ kind: 'unproven' } | { kind: 'proven'; ids: bigint[] } | undefined> {
  if (ticket === '') return undefined;
  const [row] = await ctx.tx.$queryRaw<{ proven: boolean; ids: bigint[] }[]>`
    SELECT t.confirmed_at IS NOT NULL AS proven, ARRAY(SELECT c.id FROM subscriber c WHERE c.id = ANY (t.subscriber_ids) AND c.tenant_id = t.tenant_id AND c.deleted_at IS NULL ORDER BY 1) AS ids
    FROM document_ticket t WHERE t.tenant_id = ${ctx.tenantId} AND t.ticket_hash = ${hashOf(ticket)} AND t.sent_at > lango_now() - interval '1 hour'`;
  if (!row) return undefined;
  return row.proven ? { kind: 'proven', ids: row.ids } : { kind: 'unproven' };
}

/** Looks at a code: a try is spent before it is compared, and committed whatever comes of it. */
export async function proveTicket(ctx: Context, ticket: string, code: string): Promise<'right' | 'wrong' | 'over'> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint; code_hash: Uint8Array | null }[]>`
    UPDATE document_ticket SET tries = tries + 1
    WHERE tenant_id = ${ctx.tenantId} AND ticket_hash = ${hashOf(ticket)} AND confirmed_at IS NULL AND tries < ${MOST_TRIES} AND expires_at > lango_now()
    RETURNING id, code_hash`;
  if (!row) return 'over';
  const typed = codeHash(ctx, ticket, code.replaceAll(/\D/g, ''));
  // Where nobody is behind the phone there is no code, and every one is a wrong one.
  if (row.code_hash === null || !timingSafeEqual(typed, row.code_hash)) return 'wrong';
  await ctx.tx.$executeRaw`UPDATE document_ticket SET confirmed_at = ${ctx.now}, code_hash = NULL WHERE id = ${row.id}`;
  return 'right';
}

/** Makes a ticket worthless, for those who read on somebody else's phone. */
export async function endTicket(ctx: Context, ticket: string): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE document_ticket SET confirmed_at = NULL, code_hash = NULL, expires_at = ${ctx.now}
    WHERE tenant_id = ${ctx.tenantId} AND ticket_hash = ${hashOf(ticket)}`;
}
