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
  role_name: string;
  tenant_id: bigint;
  tenant_name: string;
  timezone: string;
  currency: string;
  permissions: string[];
  second_factor_needed: boolean;
  /** 0: a reseller's role, and of no reseller. */
  reseller_id: bigint | null;
}

interface SessionRow extends PersonRow {
  session_id: bigint;
  csrf_token: string;
  impersonator_id: bigint | null;
  impersonator_name: string | null;
}

/** Where people set up their second proof; the only pages open to them until they have one, if their company wants it. */
const OWN_PAGES = '/staff/me';

/** Finds who is behind a token or a cookie in one round trip each; a disabled person or a suspended company is nobody. */
export function signInLookup(outside: PrismaClient): SignInLookup {
  return {
    async byAccessToken(tokenHash, ip) {
      const rows = await outside.$queryRaw<(PersonRow & TokenRow)[]>`
        SELECT k.token_id, k.scopes, p.* FROM staff_by_access_token(${tokenHash}) p, token_use(${tokenHash}, ${ip}::inet) k`;
      return rows[0] && withToken(personOf(rows[0], ip, tokenHash), rows[0]);
    },
    async bySession(tokenHash, ip) {
      const rows = await outside.$queryRaw<SessionRow[]>`
        SELECT session_id, csrf_token, impersonator_id, impersonator_name, (person).* FROM staff_by_session(${tokenHash})`;
      const [row] = rows;
      if (!row) return undefined;
      const person = personOf(row, ip, tokenHash);
      person.session = { id: row.session_id, csrfToken: row.csrf_token };
      return row.impersonator_id === null || row.impersonator_name === null
        ? person
        : impersonated(person, { id: row.impersonator_id, name: row.impersonator_name });
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

function personOf(row: PersonRow, ip: string, tokenHash: Buffer): Person {
  const held = row.permissions.filter((permission): permission is Permission => known.has(permission));
  return {
    actor: {
      kind: 'staff',
      id: row.staff_id,
      name: row.name,
      ip,
      permissions: new Set(held),
      ...(row.reseller_id === null ? {} : { reseller: row.reseller_id }),
    },
    staffId: row.staff_id,
    email: row.email,
    role: row.role,
    roleName: row.role_name,
    isSuperAdmin: row.is_super_admin,
    impersonator: undefined,
    mustVisit: row.second_factor_needed ? OWN_PAGES : undefined,
    locale: row.locale,
    theme: row.theme,
    tenant: { id: row.tenant_id, name: row.tenant_name, timezone: row.timezone, currency: row.currency },
    tokenHash,
    session: undefined,
  };
}

/** Whatever is done carries both names into the audit. */
function impersonated(person: Person, by: { id: bigint; name: string }): Person {
  const name = `${by.name} (super admin) as ${person.actor.name}`;
  return { ...person, actor: { ...person.actor, name }, impersonator: by, mustVisit: undefined };
}
