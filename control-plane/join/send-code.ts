import { randomInt, timingSafeEqual } from 'node:crypto';
import { enqueueMessage } from '../messages';
import type { Context } from '../platform/context';
import type { JoinRequest } from './schema';

export const CODE_MINUTES = 10;
export const MOST_TRIES = 5;
/** Codes to one phone or address in an hour: enough for a bad network, too few to annoy somebody with. */
const MOST_TO_ONE = 5;
/** Codes that one company pays for in an hour: what a program can cost it. */
const MOST_OF_COMPANY = 300;
const CODE_PURPOSE = 'join_request.code';

/** What stands in the row instead of the code: nobody who reads the table can try a million codes without our key. */
export const hashCode = (ctx: Context, id: bigint, code: string): Buffer =>
  ctx.secrets.sign(CODE_PURPOSE, `${ctx.tenantId} ${id} ${code}`);

/** Whether a code is that of the row, in a time that tells nothing. */
export function isCode(ctx: Context, id: bigint, code: string, hash: Uint8Array): boolean {
  const typed = hashCode(ctx, id, code);
  return typed.length === hash.length && timingSafeEqual(typed, hash);
}

export type CodeOutcome = 'sent' | 'often' | 'no_provider' | 'bad_address';

/** Whether one more code may go to this recipient; waits for whoever asks for the same recipient at this moment. */
export async function mayAskCode(ctx: Context, recipient: string): Promise<boolean> {
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`join ${ctx.tenantId} ${recipient}`}, 0))`;
  const [sent] = await ctx.tx.$queryRaw<{ to_one: number; of_company: number }[]>`
    SELECT coalesce(sum(sends) FILTER (WHERE recipient = ${recipient}), 0)::int AS to_one, coalesce(sum(sends), 0)::int AS of_company
    FROM join_request WHERE sent_at > ${ctx.now}::timestamptz - interval '1 hour'`;
  return (sent?.to_one ?? 0) < MOST_TO_ONE && (sent?.of_company ?? 0) < MOST_OF_COMPANY;
}

/** Sends a fresh code for a request whose row is ours; what was sent before is void. */
export async function sendCode(
  ctx: Context,
  request: Pick<JoinRequest, 'id' | 'channel' | 'recipient' | 'locale'>,
): Promise<CodeOutcome> {
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const until = new Date(ctx.now.getTime() + CODE_MINUTES * 60_000);
  await ctx.tx.$executeRaw`
    UPDATE join_request SET code_hash = ${hashCode(ctx, request.id, code)}, code_expires_at = ${until}, tries = 0, sent_at = ${ctx.now} WHERE id = ${request.id}`;
  const { channel, recipient, locale } = request;
  const outcome = await enqueueMessage(ctx, {
    kind: 'code',
    channel,
    recipient,
    locale,
    values: { code, minutes: CODE_MINUTES },
    expiresAt: until,
  });
  if (outcome.kind === 'no_provider' || outcome.kind === 'bad_address') return outcome.kind;
  return 'sent';
}
