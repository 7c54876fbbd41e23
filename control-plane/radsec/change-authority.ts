import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { beginChange, endChange, findIdentity, type Run } from './authority';

export type BeginOutcome = 'done' | 'no_authority' | 'under_way';
export type EndOutcome = { kind: 'done' } | { kind: 'not_under_way' } | { kind: 'still_used'; routers: number };

/** The statements of authority.ts in a command's transaction. */
export function runIn(ctx: Context): Run {
  return async (sql, values) => ({ rows: await ctx.tx.$queryRawUnsafe<Record<string, unknown>[]>(sql, ...values) });
}

/**
 * Makes a new authority, which signs all certificates of routers from now on. Those of the one before stay valid until they end, are revoked, or the change is
 * ended; fronts take both.
 */
export async function beginAuthorityChange(ctx: Context): Promise<BeginOutcome> {
  const run = runIn(ctx);
  if (!(await findIdentity(run, 'ca'))) return 'no_authority';
  if (await findIdentity(run, 'outgoing')) return 'under_way';
  await beginChange(run, ctx.secrets, Date.now());
  await recordAudit(ctx, 'radsec.begin_change', { type: 'radsec_authority', id: 'ca' }, {});
  return 'done';
}

/**
 * Ends the trust in the authority before. While routers, of any company, hold valid certificates of it this needs `cutOff`: those are revoked and their
 * connections end.
 */
export async function endAuthorityChange(ctx: Context, cutOff: boolean): Promise<EndOutcome> {
  const run = runIn(ctx);
  const outgoing = await findIdentity(run, 'outgoing');
  if (!outgoing) return { kind: 'not_under_way' };
  const [use] = await ctx.tx.$queryRaw<{ routers: number }[]>`
    SELECT routers FROM radsec_authority_use() WHERE authority_id = ${BigInt(outgoing.id)}`;
  const routers = use?.routers ?? 0;
  if (routers > 0 && !cutOff) return { kind: 'still_used', routers };
  await endChange(run, ctx.secrets, Date.now());
  await recordAudit(ctx, 'radsec.end_change', { type: 'radsec_authority', id: 'ca' }, { routers });
  return { kind: 'done' };
}
