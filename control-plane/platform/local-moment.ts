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
