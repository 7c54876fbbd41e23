import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
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

export interface TokensOf {
  /** Of one person; undefined is everybody. */
  staffId?: bigint | undefined;
  id?: bigint | undefined;
  currentHash: Buffer;
}

/** Tokens and programs' sign-ins that still work, newest first: of one person, or of the whole company. One row for each family. */
export async function listTokens(ctx: Context, of: TokensOf): Promise<Token[]> {
  return (await select(ctx, of, { limit: LISTED_MAX, before: undefined })).map(toToken);
}

/** The same, a page at a time. */
export async function pageOfTokens(
  ctx: Context,
  of: TokensOf,
  { limit, before }: { limit: number; before: bigint | undefined },
): Promise<Page<Token>> {
  return pageOf(await select(ctx, of, { limit: limit + 1, before }), limit, (row) => row.id, toToken);
}

function select(
  ctx: Context,
  of: TokensOf,
  { limit, before }: { limit: number; before: bigint | undefined },
): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT min(t.id) AS id, min(t.name) AS name, min(t.scopes) AS scopes, min(t.staff_id) AS staff_id, min(s.name) AS owner, min(t.created_at) AS created_at,
           max(t.expires_at) AS expires_at, max(t.last_used_at) AS last_used_at, host(max(t.last_used_ip)) AS last_used_ip,
           bool_or(t.token_hash = ${of.currentHash}) AS current
    FROM staff_token t JOIN staff s ON s.id = t.staff_id
    WHERE t.revoked_at IS NULL AND t.expires_at > now()
      ${of.staffId === undefined ? Prisma.empty : Prisma.sql`AND t.staff_id = ${of.staffId}`}
    GROUP BY t.family
    HAVING (${of.id ?? null}::bigint IS NULL OR min(t.id) = ${of.id ?? null}) AND (${before ?? null}::bigint IS NULL OR min(t.id) < ${before ?? null})
    ORDER BY min(t.id) DESC LIMIT ${limit}`;
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
