import type { Context } from '../platform/context';
import { cursorId, pageOf, type Page } from '../platform/http/input';

/** A colleague as the API shows them. */
export interface StaffView {
  id: string;
  email: string;
  name: string;
  role: string;
  super_admin: boolean;
  state: 'active' | 'disabled';
  created_at: Date;
}

interface StaffRow {
  id: bigint;
  email: string;
  name: string;
  is_super_admin: boolean;
  disabled_at: Date | null;
  created_at: Date;
  role: { key: string };
}

const select = {
  id: true,
  email: true,
  name: true,
  is_super_admin: true,
  disabled_at: true,
  created_at: true,
  role: { select: { key: true } },
} as const;

/** Newest first; `q` is part of a name or e-mail. */
export async function listStaff(
  ctx: Context,
  filter: { q?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<StaffView>> {
  const before = cursorId(filter.cursor);
  const part = filter.q ? { contains: filter.q, mode: 'insensitive' as const } : undefined;
  const rows = await ctx.tx.staff.findMany({
    where: {
      ...(before === undefined ? {} : { id: { lt: before } }),
      ...(part ? { OR: [{ name: part }, { email: part }] } : {}),
    },
    orderBy: { id: 'desc' },
    take: filter.limit + 1,
    select,
  });
  return pageOf(rows, filter.limit, (row) => row.id, staffView);
}

export async function findStaff(ctx: Context, id: bigint): Promise<StaffView | undefined> {
  const row = await ctx.tx.staff.findUnique({ where: { id }, select });
  return row ? staffView(row) : undefined;
}

function staffView(row: StaffRow): StaffView {
  return {
    id: row.id.toString(),
    email: row.email,
    name: row.name,
    role: row.role.key,
    super_admin: row.is_super_admin,
    state: row.disabled_at ? 'disabled' : 'active',
    created_at: row.created_at,
  };
}
