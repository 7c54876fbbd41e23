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
      const rows = await outside.$queryRaw<(PersonRow & TokenRow)[]>`
        SELECT k.token_id, k.scopes, p.* FROM staff_by_access_token(${tokenHash}) p, token_use(${tokenHash}, ${ip}::inet) k`;
      return rows[0] && withToken(personOf(rows[0], ip, tokenHash, undefined), rows[0]);
    },
    async bySession(tokenHash, ip) {
      const rows = await outside.$queryRaw<(PersonRow & { session_id: bigint; csrf_token: string })[]>`
        SELECT session_id, csrf_token, (person).* FROM staff_by_session(${tokenHash})`;
      return rows[0] && personOf(rows[0], ip, tokenHash, { id: rows[0].session_id, csrfToken: rows[0].csrf_token });
    },
  };
}

interface TokenRow {
  token_id: bigint;
  scopes: string[] | null;
}

/** A token made for a program holds what its scopes and its maker's role have in common. */
function withToken(person: Person, { token_id, scopes }: TokenRow): Person {
  if (scopes === null) return { ...person, token: { id: token_id, scoped: false } };
  const held = new Set([...person.actor.permissions].filter((one) => scopes.includes(one)));
  return {
    ...person,
    actor: { ...person.actor, permissions: held },
    isSuperAdmin: false,
    token: { id: token_id, scoped: true },
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
