import type { z } from 'zod';
import type { Context } from '../platform/context';
import { invalid } from '../platform/http/problem';
import type { revenueAnswer, revenueQuery } from './schema';

type Revenue = z.output<typeof revenueAnswer>;

/** Days that one answer covers at most. */
const DAYS = 800;

/**
 * What was sold, by day or month of the company's zone and by currency: invoices less credit notes, with the taxes inside. Without days: this month so far.
 * @throws Problem 422 for a span that is empty or longer than 800 days
 */
export async function revenueOf(ctx: Context, query: z.output<typeof revenueQuery>): Promise<Revenue> {
  const [days] = await ctx.tx.$queryRaw<{ from: string; to: string; span: number; zone: string }[]>`
    SELECT to_char(d.f, 'YYYY-MM-DD') AS from, to_char(d.t, 'YYYY-MM-DD') AS to, d.t - d.f AS span, d.zone FROM (
      SELECT coalesce(${query.from ?? null}::date, date_trunc('month', coalesce(${query.to ?? null}::date, n.today))::date) AS f,
             coalesce(${query.to ?? null}::date, greatest(n.today, ${query.from ?? null}::date)) AS t, n.zone
      FROM (SELECT (lango_now() AT TIME ZONE timezone)::date AS today, timezone AS zone FROM tenant WHERE id = ${ctx.tenantId}) n) d`;
  if (!days) throw new Error('The company is gone.');
  if (days.span < 0 || days.span > DAYS)
    throw invalid({ to: `must be a day from ${days.from} on, and at most ${DAYS} days after it` });
  const items = await ctx.tx.$queryRaw<Revenue['items']>`
    SELECT to_char(i.issued_at AT TIME ZONE ${days.zone}, ${query.by === 'day' ? 'YYYY-MM-DD' : 'YYYY-MM'}) AS period, i.currency,
      (count(*) FILTER (WHERE i.kind = 'invoice'))::int AS invoices, (count(*) FILTER (WHERE i.kind = 'credit_note'))::int AS credit_notes,
      coalesce(sum(i.total_cents) FILTER (WHERE i.kind = 'invoice'), 0)::float8 AS invoiced_cents,
      coalesce(sum(i.total_cents) FILTER (WHERE i.kind = 'credit_note'), 0)::float8 AS credited_cents,
      sum(i.net_cents * s.sign)::float8 AS net_cents, sum(i.excise_cents * s.sign)::float8 AS excise_cents, sum(i.vat_cents * s.sign)::float8 AS vat_cents,
      sum(i.total_cents * s.sign)::float8 AS total_cents
    FROM invoice i, LATERAL (SELECT CASE i.kind WHEN 'invoice' THEN 1 ELSE -1 END AS sign) s
    WHERE i.tenant_id = ${ctx.tenantId} AND i.issued_at >= ${days.from}::date::timestamp AT TIME ZONE ${days.zone}
      AND i.issued_at < (${days.to}::date + 1)::timestamp AT TIME ZONE ${days.zone}
    GROUP BY 1, 2 ORDER BY 1, 2`;
  return { from: days.from, to: days.to, items };
}
