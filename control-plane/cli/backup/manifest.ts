import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { escapeIdentifier, type Client } from 'pg';
import { z } from 'zod';

/** What a backup says of itself; a restore is held to it. */
export const manifestShape = z.object({
  lango: z.literal('backup'),
  format: z.literal(1),
  version: z.string(),
  created_at: z.string(),
  database: z.string(),
  /** Major version of the server. */
  postgres: z.int(),
  /** SHA-256 of each file beside it. */
  files: z.record(z.string(), z.string()),
  /** Rows of each table, counted in the very snapshot that was dumped. */
  rows: z.record(z.string(), z.string()),
  /** Roles that rights in the database are given to; they belong to the server and are in no dump. */
  roles: z.array(z.string()),
});
export type Manifest = z.output<typeof manifestShape>;

/** Rows of every table of ours, whole tables with their partitions. */
export async function countRows(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`,
  );
  const counted: Record<string, string> = {};
  for (const { name } of rows) {
    const { rows: found } = await client.query<{ n: string }>(
      `SELECT count(*) AS n FROM public.${escapeIdentifier(name)}`,
    );
    counted[name] = found[0]?.n ?? '0';
  }
  return counted;
}

/** Group roles: nobody signs in as them, and every right in the database is theirs. */
export async function groupRoles(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'lango\\_%' AND NOT rolcanlogin ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

export async function serverMajor(client: Client): Promise<number> {
  const { rows } = await client.query<{ major: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major`,
  );
  return rows[0]?.major ?? 0;
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
