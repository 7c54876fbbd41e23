import type { Context } from '../platform/context';
import { readCsv, type ReadOutcome, type Table } from './read-csv';

const PURPOSE = 'import_file.content';

/** A file that waits for its columns to be named. */
export interface StoredFile {
  id: bigint;
  name: string;
  encoding: Table['encoding'];
  delimiter: string;
  rows: number;
  table: Table;
  /** What it is about in its slice: an account, say. */
  subject_id: bigint | null;
}

/** Whose file it is: nobody else's pages show it. */
export interface FileOf {
  slice: string;
  subjectId?: bigint;
  /** Of rows, where fewer than a file may hold are taken. */
  most?: number;
}

export type StoreOutcome = { kind: 'done'; id: bigint } | Exclude<ReadOutcome, { kind: 'done' }>;

/** Reads an upload and keeps it, sealed. */
export async function storeFile(ctx: Context, name: string, bytes: Buffer, of: FileOf): Promise<StoreOutcome> {
  const outcome = readCsv(bytes);
  if (outcome.kind !== 'done') return outcome;
  const { table } = outcome;
  if (of.most !== undefined && table.rows.length > of.most) return { kind: 'too_many', rows: table.rows.length };
  const sealed = ctx.secrets.seal(PURPOSE, ctx.tenantId, JSON.stringify(table));
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO import_file (tenant_id, name, content, encoding, delimiter, rows, slice, subject_id, created_by, created_at)
    VALUES (${ctx.tenantId}, ${shortName(name)}, ${sealed}, ${table.encoding}, ${table.delimiter}, ${table.rows.length}, ${of.slice}, ${of.subjectId ?? null}::bigint, ${staffId}::bigint, ${ctx.now})
    RETURNING id`;
  if (!row) throw new Error('The file was not written.');
  return { kind: 'done', id: row.id };
}

/** What a browser calls a file is only shown: its last part, without what does not print. */
const shortName = (name: string) =>
  (name.split(/[\\/]/).at(-1) ?? '').replace(/[\p{Cc}\p{Cs}]/gu, '').slice(0, 120) || 'file.csv';

export async function findFile(ctx: Context, id: bigint, slice: string): Promise<StoredFile | undefined> {
  const [row] = await ctx.tx.$queryRaw<Sealed[]>`
    SELECT id, name, content, encoding, delimiter, rows, subject_id FROM import_file WHERE id = ${id} AND slice = ${slice} AND run_id IS NULL`;
  return row && opened(ctx, row);
}

type Sealed = Omit<StoredFile, 'table'> & { content: Uint8Array };

const opened = (ctx: Context, { content, ...rest }: Sealed): StoredFile => ({
  ...rest,
  table: JSON.parse(ctx.secrets.open(PURPOSE, ctx.tenantId, content)) as Table,
});

/** Gives a file to the run that is planned from it: from now on it is nobody else's, and goes with the run. False where another has it. */
export async function claimFile(ctx: Context, id: bigint, run: bigint): Promise<boolean> {
  return (await ctx.tx.$executeRaw`UPDATE import_file SET run_id = ${run} WHERE id = ${id} AND run_id IS NULL`) === 1;
}

/** The file that a run is planned from; undefined once that was done. */
export async function fileOfRun(ctx: Context, run: bigint): Promise<StoredFile | undefined> {
  const [row] = await ctx.tx.$queryRaw<Sealed[]>`
    SELECT id, name, content, encoding, delimiter, rows, subject_id FROM import_file WHERE run_id = ${run}`;
  return row && opened(ctx, row);
}

/** Drops the file that a run was planned from. */
export async function dropFileOf(ctx: Context, run: bigint): Promise<void> {
  await ctx.tx.$executeRaw`DELETE FROM import_file WHERE run_id = ${run}`;
}

export async function dropFile(ctx: Context, id: bigint): Promise<void> {
  await ctx.tx.$executeRaw`DELETE FROM import_file WHERE id = ${id}`;
}
