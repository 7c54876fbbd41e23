import type { Context } from '../platform/context';
import { NO_PASSWORD } from './create-staff';

export interface PersonRow {
  id: bigint;
  email: string;
  name: string;
  role: string;
  role_name: string;
  own_role: boolean;
  is_super_admin: boolean;
  disabled_at: Date | null;
  invited: boolean;
  second: boolean;
  seen_at: Date | null;
}

/** How somebody stands: may sign in, was invited and has not come yet, is shut out. */
export const staffStates = ['active', 'pending', 'blocked'] as const;

export interface PeopleFilter {
  /** Part of a name or e-mail. */
  q?: string | undefined;
  role?: string | undefined;
  state?: (typeof staffStates)[number] | undefined;
  id?: bigint | undefined;
}

/** Colleagues, newest first. */
export function listPeople(
  ctx: Context,
  filter: PeopleFilter,
  page: { before?: bigint | undefined; limit: number },
): Promise<PersonRow[]> {
  const { q, role, state, id } = filter;
  const part = q ? `%${q.replace(/[\\%_]/g, '\\$&')}%` : null;
  const before = page.before ?? null;
  return ctx.tx.$queryRaw<PersonRow[]>`
    SELECT s.id, s.email, s.name, r.key AS role, r.name AS role_name, r.tenant_id IS NOT NULL AS own_role, s.is_super_admin, s.disabled_at,
      s.password_hash = ${NO_PASSWORD} AS invited, staff_has_second_factor(s.id) AS second,
      (SELECT max(k.last_seen_at) FROM staff_session k WHERE k.staff_id = s.id AND k.impersonator_id IS NULL) AS seen_at
    FROM staff s JOIN staff_role r ON r.id = s.role_id
    WHERE (${part}::text IS NULL OR s.name ILIKE ${part} OR s.email ILIKE ${part})
      AND (${role ?? null}::text IS NULL OR r.key = ${role ?? null})
      AND (${state ?? null}::text IS NULL
           OR ${state ?? null} = CASE WHEN s.disabled_at IS NOT NULL THEN 'blocked' WHEN s.password_hash = ${NO_PASSWORD} THEN 'pending' ELSE 'active' END)
      AND (${before}::bigint IS NULL OR s.id < ${before}) AND (${id ?? null}::bigint IS NULL OR s.id = ${id ?? null})
    ORDER BY s.id DESC LIMIT ${page.limit}`;
}
