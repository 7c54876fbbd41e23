import { z } from 'zod';
import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { bytes } from '../platform/http/input';

export const usageSteps = ['hour', 'day', 'cycle'] as const;
export type UsageStep = (typeof usageSteps)[number];

/** Usage between two moments; input is the subscriber's upload, output the download. */
export const usageItem = z.object({
  from: z.string(),
  to: z.string(),
  input_bytes: z.int(),
  output_bytes: z.int(),
  seconds: z.int(),
});
export type UsageItem = z.output<typeof usageItem>;

interface Row {
  from: Date;
  to: Date;
  input_bytes: bigint;
  output_bytes: bigint;
  seconds: bigint;
}

export interface UsageWindow {
  from?: Date | undefined;
  to?: Date | undefined;
  /** The newest this many; older ones are reached with `to`. */
  limit: number;
}

/**
 * A subscription's usage in steps, oldest first; steps without any usage are left out, cycles never.
 * Days are the company's days. Usage is kept by UTC hour: in a zone that is off by half an hour, the hour across midnight counts for the day it
 * begins in.
 */
export async function usageOf(
  ctx: Context,
  subscriptionId: bigint,
  by: UsageStep,
  window: UsageWindow,
): Promise<UsageItem[]> {
  const rows = await ctx.tx.$queryRaw<Row[]>(statement(ctx, subscriptionId, by, window));
  return rows.toReversed().map((row) => ({
    from: row.from.toISOString(),
    to: row.to.toISOString(),
    input_bytes: bytes(row.input_bytes),
    output_bytes: bytes(row.output_bytes),
    seconds: bytes(row.seconds),
  }));
}

function statement(ctx: Context, id: bigint, by: UsageStep, { from, to, limit }: UsageWindow): Prisma.Sql {
  const within = (column: Prisma.Sql) =>
    Prisma.sql`${from ? Prisma.sql`AND ${column} >= ${from}` : Prisma.empty} ${to ? Prisma.sql`AND ${column} < ${to}` : Prisma.empty}`;
  switch (by) {
    case 'hour':
      return Prisma.sql`
        SELECT hour AS "from", hour + interval '1 hour' AS "to",
               sum(input_bytes)::bigint AS input_bytes, sum(output_bytes)::bigint AS output_bytes, sum(seconds)::bigint AS seconds
        FROM usage_hour_all WHERE subscription_id = ${id} ${within(Prisma.sql`hour`)} GROUP BY hour ORDER BY hour DESC LIMIT ${limit}`;
    case 'day':
      return Prisma.sql`
        SELECT day AT TIME ZONE zone AS "from", (day + interval '1 day') AT TIME ZONE zone AS "to",
               sum(input_bytes)::bigint AS input_bytes, sum(output_bytes)::bigint AS output_bytes, sum(seconds)::bigint AS seconds
        FROM (SELECT date_trunc('day', u.hour AT TIME ZONE t.timezone) AS day, t.timezone AS zone, u.input_bytes, u.output_bytes, u.seconds
              FROM usage_hour_all u JOIN tenant t ON t.id = ${ctx.tenantId} WHERE u.subscription_id = ${id} ${within(Prisma.sql`u.hour`)}) AS hours
        GROUP BY day, zone ORDER BY day DESC LIMIT ${limit}`;
    case 'cycle':
      return Prisma.sql`
        SELECT c.started_at AS "from", coalesce(c.ended_at, s.valid_until, lango_now()) AS "to", c.input_bytes, c.output_bytes, c.seconds
        FROM usage_cycle c JOIN subscription_now s ON s.id = c.subscription_id
        WHERE c.subscription_id = ${id} ${within(Prisma.sql`c.started_at`)} ORDER BY c.cycle_no DESC LIMIT ${limit}`;
  }
}
