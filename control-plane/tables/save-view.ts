import type { Context } from '../platform/context';

/** Views of one person; more would be a list to search itself. */
export const OWN_MAX = 100;

export type SaveOutcome = { kind: 'done' } | { kind: 'too_many'; most: number };

/** Keeps a filter under a name. The same name of the same person on the same list is the same view, changed. */
export async function saveView(
  { tx, tenantId }: Context,
  input: { staff_id: bigint; list: string; name: string; query: string; shared: boolean },
): Promise<SaveOutcome> {
  const { staff_id, list, name, query, shared } = input;
  const [own] = await tx.$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS count FROM table_view WHERE staff_id = ${staff_id} AND NOT (list = ${list} AND lower(name) = lower(${name}))`;
  if (Number(own?.count ?? 0) >= OWN_MAX) return { kind: 'too_many', most: OWN_MAX };
  await tx.$executeRaw`
    INSERT INTO table_view (tenant_id, staff_id, list, name, query, shared) VALUES (${tenantId}, ${staff_id}, ${list}, ${name}, ${query}, ${shared})
    ON CONFLICT (staff_id, list, lower(name)) DO UPDATE SET name = excluded.name, query = excluded.query, shared = excluded.shared`;
  return { kind: 'done' };
}
