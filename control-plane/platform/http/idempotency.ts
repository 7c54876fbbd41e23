import { createHash } from 'node:crypto';
import type { Context } from '../context';
import { sqlFault } from '../db/faults';
import { conflict, invalid, Problem } from './problem';
import { Reply } from './route';

/** An Idempotency-Key as one request brought it. */
export interface IdempotentRequest {
  key: string;
  /** Method and path: the same key means something else elsewhere. */
  route: string;
  body: unknown;
  status: number;
}

/** Reads the header. @throws Problem 422 for one that is empty or longer than 200 characters */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = header.trim();
  if (key === '' || key.length > 200) throw invalid({ 'Idempotency-Key': 'must have 1 to 200 characters' });
  return key;
}

/**
 * Does the work once per key, and gives its first answer again when the same request is repeated. The key is written in the work's own
 * transaction: work that failed leaves no trace and may be tried again, and a repeat that arrives meanwhile waits for the first to commit.
 * Keys are remembered for a day (staff/jobs.ts).
 * @throws Problem 422 when the key was used for another request, 409 when the first is still running after the lock wait
 */
export async function once(ctx: Context, request: IdempotentRequest, work: () => Promise<unknown>): Promise<unknown> {
  const key = keyOf(ctx, request);
  const hash = sha256(`${request.route}\n${canonical(request.body)}`);
  const fresh = await claim(ctx, key, request.route, hash);
  if (!fresh) return replay(ctx, key, hash);
  const result = await work();
  const { status, body } = result instanceof Reply ? kept(result) : { status: request.status, body: result };
  // As a JSON string inside jsonb, which would not keep the order of names: the repeat gets the same bytes.
  await ctx.tx.$executeRaw`
    UPDATE platform_idempotency SET status = ${status}, body = to_jsonb(${JSON.stringify(body ?? null)}::text) WHERE tenant_id = ${ctx.tenantId} AND key = ${key}`;
  return result;
}

/** Takes a key back in the transaction that claimed it, so that the same request may be made again. */
export async function release(ctx: Context, request: Pick<IdempotentRequest, 'key'>): Promise<void> {
  await ctx.tx
    .$executeRaw`DELETE FROM platform_idempotency WHERE tenant_id = ${ctx.tenantId} AND key = ${keyOf(ctx, request)}`;
}

/** The key belongs to the person who sent it: nobody is served an answer that was made for somebody else. */
function keyOf(ctx: Context, { key }: Pick<IdempotentRequest, 'key'>): string {
  return sha256(`${ctx.actor.kind} ${ctx.actor.id ?? ''} ${key}`).toString('hex');
}

/** What a repeat is answered with. */
function kept(reply: Reply): { status: number; body: unknown } {
  if (reply.keep === 'whole') return reply;
  const message =
    'This was done, and its answer held a secret that is told once. If it was lost, undo it and do it again with a new key.';
  return { status: 409, body: { error: { code: 'told_once', message } } };
}

async function claim(ctx: Context, key: string, route: string, hash: Buffer): Promise<boolean> {
  try {
    const inserted = await ctx.tx.$executeRaw`
      INSERT INTO platform_idempotency (tenant_id, key, route, request_hash) VALUES (${ctx.tenantId}, ${key}, ${route}, ${hash}) ON CONFLICT DO NOTHING`;
    return inserted === 1;
  } catch (error) {
    if (sqlFault(error)?.state !== '55P03') throw error;
    throw conflict(
      'in_progress',
      'The first request with this Idempotency-Key is still running. Send it again in a few seconds.',
    );
  }
}

async function replay(ctx: Context, key: string, hash: Buffer): Promise<Reply> {
  const rows = await ctx.tx.$queryRaw<{ request_hash: Uint8Array; status: number; body: string }[]>`
    SELECT request_hash, status, body FROM platform_idempotency WHERE tenant_id = ${ctx.tenantId} AND key = ${key}`;
  const first = rows[0];
  if (!first)
    throw conflict('in_progress', 'The first request with this Idempotency-Key has just failed. Send it again.');
  if (!hash.equals(first.request_hash)) {
    throw new Problem(
      422,
      'idempotency_key_reused',
      'This Idempotency-Key was used for a different request. Make a new key for each new request.',
      {
        'Idempotency-Key': 'was used for a different request',
      },
    );
  }
  return new Reply(first.status, JSON.parse(first.body), { 'Idempotency-Replayed': 'true' });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** JSON with sorted names, so that two spellings of one object are one request. Depth is bounded by parseInput's limit before it gets here. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
