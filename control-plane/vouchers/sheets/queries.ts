import type { Context } from '../../platform/context';
import { Prisma } from '../../platform/db/generated/client';
import type { Sheet } from './schema';

interface Row {
  id: bigint;
  batch_id: bigint;
  paper: Sheet['paper'];
  locale: Sheet['language'];
  login: string;
  state: Sheet['state'];
  total: number;
  done: number;
  created_at: Date;
  created_name: string;
  finished_at: Date | null;
  parts: Sheet['parts'];
}

/** The print sheets of a batch that are kept, newest first; at most twenty. Undefined where there is no such batch. */
export async function listSheets(ctx: Context, batchId: bigint): Promise<Sheet[] | undefined> {
  const batches = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM voucher_batch WHERE id = ${batchId} AND tenant_id = ${ctx.tenantId}`;
  if (batches.length === 0) return undefined;
  return (await select(ctx, Prisma.sql`s.batch_id = ${batchId}`)).map(toSheet);
}

/** Undefined where there is none, or it is not kept any more. */
export async function findSheet(ctx: Context, id: bigint): Promise<Sheet | undefined> {
  const [row] = await select(ctx, Prisma.sql`s.id = ${id}`);
  return row && toSheet(row);
}

function select(ctx: Context, where: Prisma.Sql): Promise<Row[]> {
  return ctx.tx.$queryRaw<Row[]>`
    SELECT s.id, s.batch_id, s.paper, s.locale, s.login, s.state, s.total, s.done, s.created_at, s.created_name, s.finished_at,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('no', p.no, 'codes', p.codes, 'bytes', octet_length(p.pdf)) ORDER BY p.no), '[]')
            FROM voucher_sheet_part p WHERE p.sheet_id = s.id) AS parts
    FROM voucher_sheet s WHERE s.tenant_id = ${ctx.tenantId} AND ${where} ORDER BY s.id DESC LIMIT 20`;
}

const toSheet = ({ locale, login, created_name, ...row }: Row): Sheet => ({
  ...row,
  id: row.id.toString(),
  batch_id: row.batch_id.toString(),
  language: locale,
  login: login === '' ? null : login,
  created_at: row.created_at.toISOString(),
  created_by: created_name,
  finished_at: row.finished_at?.toISOString() ?? null,
});

/** One of its files, by its number as it stands in an address. */
export async function findPart(ctx: Context, sheetId: bigint, no: string): Promise<Buffer | undefined> {
  if (!/^[1-9]\d{0,3}$/.test(no)) return undefined;
  const [row] = await ctx.tx.$queryRaw<{ pdf: Uint8Array }[]>`
    SELECT pdf FROM voucher_sheet_part WHERE sheet_id = ${sheetId} AND no = ${Number(no)} AND tenant_id = ${ctx.tenantId}`;
  return row && Buffer.from(row.pdf);
}

/** The login page that was last printed: the next sheet's, unless another is named. */
export async function lastLogin(ctx: Context): Promise<string> {
  const [row] = await ctx.tx.$queryRaw<{ login: string }[]>`
    SELECT login FROM voucher_sheet WHERE tenant_id = ${ctx.tenantId} ORDER BY id DESC LIMIT 1`;
  return row?.login ?? '';
}
