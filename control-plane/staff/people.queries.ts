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

/** Colleagues, newest first; `q` is part of a name or e-mail. */
export function listPeople(
  ctx: Context,
  filter: { q: string | undefined; before: bigint | undefined; id?: bigint; limit: number },
): Promise<PersonRow[]> {
  const part = filter.q ? `%${filter.q.replace(/[\\%_]/g, '\\$&')}%` : null;
  return ctx.tx.$queryRaw<PersonRow[]>`
    SELECT s.id, s.email, s.name, r.key AS role, r.name AS role_name, r.tenant_id IS NOT NULL AS own_role, s.is_super_admin, s.disabled_at,
      s.password_hash = ${NO_PASSWORD} AS invited, staff_has_second_factor(s.id) AS second,
      (SELECT max(k.last_seen_at) FROM staff_session k WHERE k.staff_id = s.id AND k.impersonator_id IS NULL) AS seen_at
    FROM staff s JOIN staff_role r ON r.id = s.role_id
    WHERE (${part}::text IS NULL OR s.name ILIKE ${part} OR s.email ILIKE ${part})
      AND (${filter.before ?? null}::bigint IS NULL OR s.id < ${filter.before ?? null}) AND (${filter.id ?? null}::bigint IS NULL OR s.id = ${filter.id ?? null})
    ORDER BY s.id DESC LIMIT ${filter.limit}`;
}
