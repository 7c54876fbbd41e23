import type { Context } from '../platform/context';

/** Prisma knows no cidr, hence these two columns by hand. What is undefined stays as it is. */
export async function writePrefixes(
  ctx: Context,
  id: bigint,
  wanted: { framed_ipv6_prefix?: string | null | undefined; delegated_ipv6_prefix?: string | null | undefined },
): Promise<void> {
  const { framed_ipv6_prefix: framed, delegated_ipv6_prefix: delegated } = wanted;
  if (framed === undefined && delegated === undefined) return;
  await ctx.tx.$executeRaw`
    UPDATE subscription SET
      framed_ipv6_prefix = CASE WHEN ${framed !== undefined} THEN ${framed ?? null}::cidr ELSE framed_ipv6_prefix END,
      delegated_ipv6_prefix = CASE WHEN ${delegated !== undefined} THEN ${delegated ?? null}::cidr ELSE delegated_ipv6_prefix END
    WHERE id = ${id}`;
}
