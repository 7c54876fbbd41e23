import type { Context } from './context';

/**
 * The moment at which a clock on the wall of this zone shows `text`, which is what a datetime-local field sends; undefined when it is none. Postgres
 * knows the zones and their changes.
 */
export async function localMoment({ tx }: Context, text: string, zone: string): Promise<Date | undefined> {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) || Number.isNaN(Date.parse(text))) return undefined;
  const [row] = await tx.$queryRaw<{ at: Date }[]>`SELECT ${text}::timestamp AT TIME ZONE ${zone} AS at`;
  return row?.at;
}

/** Midnights on the walls of this zone, of the days that began so many days ago (negative: that will begin), by that number. */
export async function dayStarts({ tx }: Context, zone: string, days: number[]): Promise<Map<number, Date>> {
  if (days.length === 0) return new Map();
  const rows = await tx.$queryRaw<{ ago: number; at: Date }[]>`
    SELECT d.ago, (date_trunc('day', lango_now() AT TIME ZONE ${zone}) - make_interval(days => d.ago)) AT TIME ZONE ${zone} AS at
    FROM unnest(${days}::integer[]) d (ago)`;
  return new Map(rows.map(({ ago, at }) => [ago, at]));
}
