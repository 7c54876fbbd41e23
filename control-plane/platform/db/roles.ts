import { createHash, createHmac } from 'node:crypto';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';
import { ownerSession } from './owner';

/** The database roles a part of Lango can work as; each is a member of the group role of the same name with `lango_` before it. */
export const databaseRoles = ['web', 'jobs', 'accounting', 'enforcer', 'radius', 'radsec'] as const;
export type DatabaseRole = (typeof databaseRoles)[number];

/** Connection strings, one per role. */
export type RoleUrls = Record<DatabaseRole, string>;

/**
 * Creates or updates this database's login roles and gives their connection strings.
 * Roles are shared by the whole cluster, so names carry a hash of the database's name; passwords are derived from the master key, so that
 * every host with the key can compute them and nothing has to be stored.
 * @throws when the installation has another master key: its other hosts would be locked out
 */
export async function ensureRoleLogins(ownerUrl: string, masterKey: Buffer): Promise<RoleUrls> {
  await ownerSession(ownerUrl, 'lango-setup', async (client) => {
    // Hosts that start at once take turns; the lock goes with the connection.
    await client.query(`SELECT pg_advisory_lock(hashtext('lango role logins'))`);
    await refuseOtherKey(client, masterKey);
    const database = escapeIdentifier(databaseOf(ownerUrl));
    for (const role of databaseRoles) {
      const { name, password } = roleLogin(ownerUrl, role, masterKey);
      const { rowCount } = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
      const verb = rowCount ? 'ALTER' : 'CREATE';
      await client.query(`${verb} ROLE ${escapeIdentifier(name)} LOGIN PASSWORD ${escapeLiteral(password)}`);
      await client.query(`GRANT ${escapeIdentifier(`lango_${role}`)} TO ${escapeIdentifier(name)}`);
      // Work for a reseller's staff goes on as lango_reseller; the door inherits nothing of it (prisma/migrations/0275_resellers).
      if (role === 'web') await client.query(`GRANT lango_reseller_door TO ${escapeIdentifier(name)}`);
      await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${escapeIdentifier(name)}`);
    }
    // Group roles are shared by all databases of a server: without this, one installation's login could work in another's.
    await client.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
  });
  return roleUrls(ownerUrl, masterKey);
}

/** The first key that a database meets is its own; what is kept of it tells nothing of it. */
async function refuseOtherKey(client: Client, masterKey: Buffer): Promise<void> {
  const knownBy = createHmac('sha256', masterKey).update('platform_master_key').digest('hex');
  await client.query('INSERT INTO platform_master_key (known_by) VALUES ($1) ON CONFLICT DO NOTHING', [knownBy]);
  const { rows } = await client.query<{ known_by: string }>('SELECT known_by FROM platform_master_key');
  if (rows[0]?.known_by === knownBy) return;
  throw new Error(
    'This database belongs to an installation with another master key. Set LANGO_MASTER_KEY to the key of its other hosts (LANGO_DATA/master.key there) or of your backup. ' +
      'Only if that key is lost for good, along with everything sealed under it: DELETE FROM platform_master_key, then start again.',
  );
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
