import { z } from 'zod';
import type { Context } from '../platform/context';

/** A session that does not do what was sold, though the network was told ten seconds ago or more. */
export const undoneItem = z.object({
  /** free_rider: online with service that nobody paid for. held_back: entitled, and still slow or in the walled garden. */
  what: z.enum(['free_rider', 'held_back']),
  session_id: z.string(),
  enforcement_id: z.string(),
  since: z.string(),
});

export const undoneAnswer = z.object({
  free_riders: z.int(),
  held_back: z.int(),
  /** The oldest hundred. */
  items: z.array(undoneItem),
});
export type Undone = z.output<typeof undoneAnswer>;

interface Row {
  what: 'free_rider' | 'held_back';
  session_id: bigint;
  enforcement_id: bigint;
  since: Date;
  n: bigint;
}

/** Free riders and those held back: both are 0 at rest. */
export async function listUndone(ctx: Context): Promise<Undone> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT what, session_id, enforcement_id, since, n
    FROM (SELECT *, count(*) OVER (PARTITION BY what) AS n, row_number() OVER (PARTITION BY what ORDER BY since) AS place FROM enforcement_undone()) u
    WHERE place <= 100 ORDER BY what, since`;
  const count = (what: Row['what']) => Number(rows.find((row) => row.what === what)?.n ?? 0n);
  return {
    free_riders: count('free_rider'),
    held_back: count('held_back'),
    items: rows.map((row) => ({
      what: row.what,
      session_id: row.session_id.toString(),
      enforcement_id: row.enforcement_id.toString(),
      since: row.since.toISOString(),
    })),
  };
}
