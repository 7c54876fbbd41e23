import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import type { Token } from './schema';

interface Row {
  id: bigint;
  name: string | null;
  scopes: string[] | null;
  staff_id: bigint;
  owner: string;
  created_at: Date;
  expires_at: Date;
  last_used_at: Date | null;
  last_used_ip: string | null;
  current: boolean;
}

const LISTED_MAX = 500;

/** Tokens and programs' sign-ins that still work, newest first: of one person, or of the whole company. One row for each family. */
export async function listTokens(
  ctx: Context,
  of: { staffId?: bigint | undefined; id?: bigint | undefined; currentHash: Buffer },
): Promise<Token[]> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT min(t.id) AS id, min(t.name) AS name, min(t.scopes) AS scopes, min(t.staff_id) AS staff_id, min(s.name) AS owner, min(t.created_at) AS created_at,
           max(t.expires_at) AS expires_at, max(t.last_used_at) AS last_used_at, host(max(t.last_used_ip)) AS last_used_ip,
           bool_or(t.token_hash = ${of.currentHash}) AS current
    FROM staff_token t JOIN staff s ON s.id = t.staff_id
    WHERE t.revoked_at IS NULL AND t.expires_at > now()
      ${of.staffId === undefined ? Prisma.empty : Prisma.sql`AND t.staff_id = ${of.staffId}`}
    GROUP BY t.family ${of.id === undefined ? Prisma.empty : Prisma.sql`HAVING min(t.id) = ${of.id}`}
    ORDER BY min(t.id) DESC LIMIT ${LISTED_MAX}`;
  return rows.map(toToken);
}

function toToken(row: Row): Token {
  return {
    id: row.id.toString(),
    kind: row.name === null ? 'sign_in' : 'token',
    name: row.name,
    scopes: row.scopes,
    owner: { id: row.staff_id.toString(), name: row.owner },
    created_at: row.created_at,
    expires_at: row.expires_at,
    last_used_at: row.last_used_at,
    last_used_ip: row.last_used_ip,
    current: row.current,
  };
}
