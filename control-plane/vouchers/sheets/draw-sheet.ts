import { z } from 'zod';
import { systemActor, type Context } from '../../platform/context';
import type { Database } from '../../platform/db/prisma';
import { idField } from '../../platform/http/input';
import type { NamedTask } from '../../platform/jobs/task';
import { readerOf } from '../../ui';
import { loginWith, slipTerms } from '../admin.view';
import { findBatch, termsOfBatch } from '../queries';
import type { Batch } from '../schema';
import { findSheet } from './queries';
import type { Sheet } from './schema';
import { slipPdf, type SlipSheet } from './slip-pdf';

/** Codes of one file: what a process that is killed has to draw again, and about what fits a ream of A4. */
const CODES_A_PART = 10_000;
/** A receipt printer takes its slips as one long job; shorter ones can be stopped. */
const CODES_A_ROLL = 1_000;

const payload = z.object({ tenant: idField, sheet: idField });

/** Draws a print sheet, part by part, each stored as it is done; a part that is there is not drawn again. */
export const drawSheet: NamedTask = [
  'vouchers.draw-sheet',
  async (given, { job }, { db }) => {
    const { tenant, sheet } = payload.parse(given);
    while (await drawPart(db, { tenantId: tenant, sheetId: sheet, requestId: `job-${job.id}` }));
  },
];

interface Work {
  tenantId: bigint;
  sheetId: bigint;
  requestId: string;
}

/** @returns whether there is more to do */
async function drawPart(db: Database, work: Work): Promise<boolean> {
  const within = <T>(run: (ctx: Context) => Promise<T>): Promise<T> =>
    db.inTenant({ tenantId: work.tenantId, actor: systemActor('vouchers'), requestId: work.requestId }, run);
  const next = await within((ctx) => nextPart(ctx, work.sheetId));
  if (!next) return false;
  const { sheet, slips, codes, no } = next;
  // Outside of any transaction: it takes as long as it takes.
  const pdf = await slipPdf(slips, codes, async (count) => {
    await within((ctx) => tell(ctx, work.sheetId, next.drawn + count));
  });
  return within((ctx) => keepPart(ctx, sheet, { no, codes, pdf, drawn: next.drawn + codes.length }));
}

/** The codes that come next and what is drawn around them; undefined where the sheet is done, gone, or has no unused code left. */
async function nextPart(ctx: Context, sheetId: bigint) {
  const sheet = await findSheet(ctx, sheetId);
  if (sheet?.state !== 'working') return undefined;
  const [last] = await ctx.tx.$queryRaw<{ no: number; last_code: string }[]>`
    SELECT no, last_code FROM voucher_sheet_part WHERE sheet_id = ${sheetId} ORDER BY no DESC LIMIT 1`;
  const batch = await findBatch(ctx, BigInt(sheet.batch_id));
  if (!batch) throw new Error(`sheet ${sheetId} is of no batch`);
  const most = sheet.paper === 'a4' ? CODES_A_PART : CODES_A_ROLL;
  const rows = await ctx.tx.$queryRaw<{ code: string }[]>`
    SELECT u.code FROM voucher u JOIN voucher_batch b ON b.id = u.batch_id
    WHERE u.batch_id = ${BigInt(sheet.batch_id)} AND u.code > ${last?.last_code ?? ''} AND u.used_at IS NULL AND voucher_is_open(b.voided_at, b.valid_until)
    ORDER BY u.code LIMIT ${most}`;
  const drawn = sheet.parts.reduce((sum, part) => sum + part.codes, 0);
  if (rows.length === 0) {
    await finish(ctx, sheetId, drawn);
    return undefined;
  }
  await tell(ctx, sheetId, drawn);
  const slips = await slipsOf(ctx, sheet, batch);
  return { sheet, slips, codes: rows.map(({ code }) => code), no: (last?.no ?? 0) + 1, drawn };
}

async function slipsOf(ctx: Context, sheet: Sheet, batch: Batch): Promise<SlipSheet> {
  const tenant = await ctx.tx.tenant.findFirstOrThrow({
    where: { id: ctx.tenantId },
    select: { name: true, timezone: true },
  });
  const { timezone: zone, name: company } = tenant;
  const reader = readerOf({ locale: sheet.language, zone, nowMs: ctx.now.getTime(), currency: batch.currency });
  return {
    paper: sheet.paper,
    language: sheet.language,
    title: reader.t('vouchers.sheet_title', { number: batch.id }),
    company,
    terms: slipTerms(batch, await termsOfBatch(ctx, BigInt(batch.id)), reader),
    how: reader.t(sheet.login === null ? 'vouchers.how' : 'vouchers.how_scan'),
    target: (code) => loginWith(code, sheet.login ?? undefined),
  };
}

/** How far it is, for who watches; the beat tells that somebody works on it. */
async function tell(ctx: Context, sheetId: bigint, done: number): Promise<void> {
  await ctx.tx.$executeRaw`UPDATE voucher_sheet SET done = ${done}, beat_at = clock_timestamp() WHERE id = ${sheetId}`;
  const live = { tenant: ctx.tenantId.toString(), topic: 'voucher', id: sheetId.toString() };
  await ctx.tx.$executeRaw`SELECT pg_notify('lango_live', ${JSON.stringify(live)})`;
}

interface Part {
  no: number;
  codes: string[];
  pdf: Buffer;
  drawn: number;
}

/** Two processes that draw the same part at once, one taken for dead: the first one's stays. */
async function keepPart(ctx: Context, sheet: Sheet, { no, codes, pdf, drawn }: Part): Promise<boolean> {
  const sheetId = BigInt(sheet.id);
  await ctx.tx.$executeRaw`
    INSERT INTO voucher_sheet_part (sheet_id, no, tenant_id, codes, last_code, pdf)
    VALUES (${sheetId}, ${no}, ${ctx.tenantId}, ${codes.length}, ${codes.at(-1)!}, ${pdf}) ON CONFLICT DO NOTHING`;
  if (drawn < sheet.total) {
    await tell(ctx, sheetId, drawn);
    return true;
  }
  await finish(ctx, sheetId, drawn);
  return false;
}

async function finish(ctx: Context, sheetId: bigint, drawn: number): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE voucher_sheet SET state = ${drawn > 0 ? 'done' : 'failed'}, finished_at = ${ctx.now} WHERE id = ${sheetId} AND state = 'working'`;
  await tell(ctx, sheetId, drawn);
}
