import { z } from 'zod';
import type { Context } from '../platform/context';
import { localMoment } from '../platform/local-moment';
import type { Filter, Reader } from '../ui';

/** An empty field of a filter form is a filter that is not set. */
export const none = z.literal('').transform(() => undefined);

/** A filter that is one of these, or not set. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.union([none, z.enum(values)]).optional();

/** First and last day of what a list shows, as `listQuery.extend(dayQuery)`. */
export const dayQuery = {
  from: z.union([none, z.iso.date()]).optional(),
  to: z.union([none, z.iso.date()]).optional(),
};
export interface DayQuery {
  from?: string | undefined;
  to?: string | undefined;
}

/** From the first moment of one day up to the end of the other (exclusive), in the company's zone. */
export async function dayRange(
  ctx: Context,
  { from, to }: DayQuery,
  zone: string,
): Promise<{ from: Date | undefined; until: Date | undefined }> {
  const midnight = (day: string) => localMoment(ctx, `${day}T00:00`, zone);
  return {
    from: from ? await midnight(from) : undefined,
    until: to ? await midnight(dayAfter(to)) : undefined,
  };
}

/** The last day is meant with all of its hours, of which a change of the clock may leave 23 or 25. */
function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

export function dayFilters({ from, to }: DayQuery, { t }: Reader): Filter[] {
  return [
    { name: 'from', label: t('tables.from'), value: from ?? '', type: 'date' },
    { name: 'to', label: t('tables.to'), value: to ?? '', type: 'date' },
  ];
}

/** Things that have a name, as the options of a filter. */
export function named(rows: { id: bigint | string; name: string }[]): { value: string; label: string }[] {
  return rows.map(({ id, name }) => ({ value: id.toString(), label: name }));
}
