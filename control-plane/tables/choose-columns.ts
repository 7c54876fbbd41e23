import type { Context } from '../platform/context';

/** Keeps which columns a person wants of a list; an empty choice goes back to what the list shows by itself. */
export async function chooseColumns(
  { tx, tenantId }: Context,
  input: { staff_id: bigint; list: string; columns: string[] },
): Promise<void> {
  const { staff_id, list, columns } = input;
  if (columns.length === 0)
    await tx.$executeRaw`DELETE FROM table_choice WHERE staff_id = ${staff_id} AND list = ${list}`;
  else
    await tx.$executeRaw`
      INSERT INTO table_choice (tenant_id, staff_id, list, columns) VALUES (${tenantId}, ${staff_id}, ${list}, ${columns}::text[])
      ON CONFLICT (staff_id, list) DO UPDATE SET columns = excluded.columns`;
}
