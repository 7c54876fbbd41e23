import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { ENDPOINTS_MAX, SECRET_PURPOSE, type NewEndpoint } from './schema';
import { newSigningSecret } from './sign';

export type CreatedEndpoint = { kind: 'created'; id: bigint; secret: string } | { kind: 'too_many'; most: number };

/** Registers a receiver. The secret is given back here and never again; what happens from this transaction on is told. */
export async function createEndpoint(ctx: Context, input: NewEndpoint): Promise<CreatedEndpoint> {
  const [count] = await ctx.tx.$queryRaw<{ n: bigint }[]>`SELECT count(*) AS n FROM webhook_endpoint`;
  if ((count?.n ?? 0n) >= ENDPOINTS_MAX) return { kind: 'too_many', most: ENDPOINTS_MAX };
  const secret = newSigningSecret();
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO webhook_endpoint (tenant_id, url, description, events, secret_enc)
    VALUES (${ctx.tenantId}, ${input.url}, ${input.description}, ${input.events}, ${ctx.secrets.seal(SECRET_PURPOSE, ctx.tenantId, secret)})
    RETURNING id`;
  if (!row) throw new Error('The endpoint was not written.');
  await recordAudit(
    ctx,
    'webhooks.create',
    { type: 'webhook_endpoint', id: row.id },
    { url: input.url, events: input.events },
  );
  return { kind: 'created', id: row.id, secret };
}
