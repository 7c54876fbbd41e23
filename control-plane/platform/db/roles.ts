import { createHash, createHmac } from 'node:crypto';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

/** The database roles a part of Lango can work as; each is a member of the group role of the same name with `lango_` before it. */
export const databaseRoles = ['web', 'jobs', 'accounting', 'enforcer', 'radius', 'radsec'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/** Connection strings, one per role. */
export type RoleUrls = Record<DatabaseRole, string>;

/**
 * Creates or updates this database's login roles and gives their connection strings.
 * Roles are shared by the whole cluster, so names carry a hash of the database's name; passwords are derived from the master key, so that
 * every host with the key can compute them and nothing has to be stored.
 */
export async function ensureRoleLogins(ownerUrl: string, masterKey: Buffer): Promise<RoleUrls> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const database = escapeIdentifier(databaseOf(ownerUrl));
    for (const role of databaseRoles) {
      const { name, password } = roleLogin(ownerUrl, role, masterKey);
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
      const verb = rowCount ? 'ALTER' : 'CREATE';
      await client.query(`${verb} ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(password)}`);
      await client.query(`GRANT ${escapeIdentifier(`lango_${role}`)} TO ${escapeIdentifier(name)}`);
      await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${escapeIdentifier(name)}`);
    }
    // Group roles are shared by all databases of a server: without this, one installation's login could work in another's.
    await client.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
  } finally {
    await client.end();
  }
  return roleUrls(ownerUrl, masterKey);
}

/** The same connection strings without touching the database. */
export function roleUrls(ownerUrl: string, masterKey: Buffer): RoleUrls {
  const url = (role: DatabaseRole): string => {
    const login = roleLogin(ownerUrl, role, masterKey);
    const result = new URL(ownerUrl);
    result.username = login.name;
    result.password = login.password;
    return result.toString();
  };
  return {
    web: url('web'),
    jobs: url('jobs'),
    accounting: url('accounting'),
    enforcer: url('enforcer'),
    radius: url('radius'),
    radsec: url('radsec'),
  };
}

function roleLogin(ownerUrl: string, role: DatabaseRole, masterKey: Buffer): { name: string; password: string } {
  const tag = createHash('sha256').update(databaseOf(ownerUrl)).digest('hex').slice(0, 8);
  const name = `lango_${tag}_${role}`;
  return { name, password: createHmac('sha256', masterKey).update(`database role ${name}`).digest('base64url') };
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}
