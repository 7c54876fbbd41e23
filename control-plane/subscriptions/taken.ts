import type { Context } from '../platform/context';
import type { Outcome } from './standing';

type Refused = Extract<Outcome, { kind: 'refused' }>;

/**
 * Refuses a username or address that another subscription of the company holds. Waits for whoever is taking the same name right now
 * (an advisory lock on it), so that of two who ask at once the second gets this answer too.
 */
export async function whatIsTaken(
  ctx: Context,
  wanted: {
    username?: string | undefined;
    static_ip?: string | null | undefined;
    framed_ipv6_prefix?: string | null | undefined;
    delegated_ipv6_prefix?: string | null | undefined;
  },
  except: bigint | undefined,
): Promise<Refused | undefined> {
  const { username, static_ip, framed_ipv6_prefix, delegated_ipv6_prefix } = wanted;
  const prefix = framed_ipv6_prefix ?? delegated_ipv6_prefix;
  // One lock for all prefixes of a company: they can overlap without being equal.
  for (const name of [username, static_ip, prefix && 'ipv6'].filter((value) => value !== undefined && value !== null)) {
    await ctx.tx
      .$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`subscription ${ctx.tenantId} ${name}`}, 0))`;
  }
  if (username !== undefined) {
    // Also those that the actor does not see: a reseller sees their own customers' alone.
    const [other] = await ctx.tx.$queryRaw<{ taken: boolean }[]>`
      SELECT subscription_name_taken(${username}, ${except ?? null}::bigint) AS taken`;
    if (other?.taken)
      return refuse('username_taken', { username: 'is taken by another subscription' }, 'Choose another username.');
  }
  if (static_ip !== undefined && static_ip !== null) {
    const other = await ctx.tx.$queryRaw<unknown[]>`
      SELECT 1 FROM subscription WHERE tenant_id = ${ctx.tenantId} AND static_ip = ${static_ip}::inet AND status <> 'ended' AND id IS DISTINCT FROM ${except ?? null}::bigint`;
    if (other.length > 0)
      return refuse('static_ip_taken', { static_ip: 'is given to another subscription' }, 'Choose another address.');
    const [giving] = await ctx.tx.$queryRaw<
      { pool: string | null }[]
    >`SELECT pool_giving(${ctx.tenantId}, ${static_ip}::inet) AS pool`;
    if (giving?.pool)
      return refuse(
        'static_ip_in_pool',
        { static_ip: `lies in the pool ${giving.pool}, from which routers give addresses to others` },
        'Choose an address outside of it.',
      );
  }
  for (const [field, wish] of Object.entries({ framed_ipv6_prefix, delegated_ipv6_prefix })) {
    if (wish === undefined || wish === null) continue;
    const other = await ctx.tx.$queryRaw<unknown[]>`
      SELECT 1 FROM subscription WHERE tenant_id = ${ctx.tenantId} AND status <> 'ended' AND id IS DISTINCT FROM ${except ?? null}::bigint
        AND (framed_ipv6_prefix && ${wish}::cidr OR delegated_ipv6_prefix && ${wish}::cidr)`;
    if (other.length > 0)
      return refuse(`${field}_taken`, { [field]: 'overlaps that of another subscription' }, 'Choose another prefix.');
  }
  return undefined;
}

function refuse(code: string, fields: Record<string, string>, remedy: string): Refused {
  const [name, what] = Object.entries(fields)[0] ?? ['', ''];
  return { kind: 'refused', code, message: `The ${name.replace('_', ' ')} ${what}. ${remedy}`, fields };
}
