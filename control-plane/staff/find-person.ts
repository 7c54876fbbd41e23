import type { PrismaClient } from '../platform/db/generated/client';
import type { Person, SignInLookup } from '../platform/http/person';
import { permissions, type Permission } from '../platform/permissions';

interface PersonRow {
  staff_id: bigint;
  email: string;
  name: string;
  is_super_admin: boolean;
  locale: string;
  theme: string;
  role: string;
  tenant_id: bigint;
  tenant_name: string;
  timezone: string;
  currency: string;
  permissions: string[];
}

/** Finds who is behind a token or a cookie in one round trip each; a disabled person or a suspended company is nobody. */
export function signInLookup(outside: PrismaClient): SignInLookup {
  return {
    async byAccessToken(tokenHash, ip) {
      const rows = await outside.$queryRaw<PersonRow[]>`SELECT * FROM staff_by_access_token(${tokenHash})`;
      return rows[0] && personOf(rows[0], ip, tokenHash, undefined);
    },
    async bySession(tokenHash, ip) {
      const rows = await outside.$queryRaw<(PersonRow & { session_id: bigint; csrf_token: string })[]>`
        SELECT session_id, csrf_token, (person).* FROM staff_by_session(${tokenHash})`;
      return rows[0] && personOf(rows[0], ip, tokenHash, { id: rows[0].session_id, csrfToken: rows[0].csrf_token });
    },
  };
}

const known = new Set<string>(permissions);

function personOf(row: PersonRow, ip: string, tokenHash: Buffer, session: Person['session']): Person {
  const held = row.permissions.filter((permission): permission is Permission => known.has(permission));
  return {
    actor: { kind: 'staff', id: row.staff_id, name: row.name, ip, permissions: new Set(held) },
    staffId: row.staff_id,
    email: row.email,
    role: row.role,
    isSuperAdmin: row.is_super_admin,
    locale: row.locale,
    theme: row.theme,
    tenant: { id: row.tenant_id, name: row.tenant_name, timezone: row.timezone, currency: row.currency },
    tokenHash,
    session,
  };
}
