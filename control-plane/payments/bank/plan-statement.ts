import { insertRun } from '../../bulk';
import { claimFile, type StoredFile } from '../../imports';
import type { Context } from '../../platform/context';
import { notFound } from '../../platform/http/problem';
import { keepReading, type Bank } from './banks';
import { bareHead, sheetOf, type BankField, type Reading } from './columns';
import type { JudgedLine } from './judge-lines';
import { addDays, readLines } from './read-lines';

/** What a row of the run holds of its line. Amounts are cents as text. */
export type HeldLine = Omit<NonNullable<JudgedLine['of']>, 'amount_cents'> & { amount_cents: string };

/** What the run knows of its statement. */
export interface StatementParams {
  file: string;
  bank: string;
  bank_id: string;
  currency: string;
  timezone: string;
  from: string;
  to: string;
}

/** How somebody says that a file is read. */
export interface Chosen extends Pick<Reading, 'decimal' | 'dates'> {
  columns: (BankField | undefined)[];
}

/** By what the queue reads the file once more, to the very same lines. */
export interface ReadingParams extends Pick<Reading, 'decimal' | 'dates'> {
  /** Which line holds the heads, and what each column is. */
  top: number;
  columns: (BankField | null)[];
  /** The company's day when this was said. */
  today: string;
}

/**
 * Hands a bank's statement to the queue, which writes it down as a draft run, every line with its fate (plan-lines.ts); nothing is booked. What was said of the columns
 * is remembered for the bank's next file.
 * @returns the run's id; undefined where no line of the file could be read so
 * @throws Problem 404 where somebody else has sent this form at the same moment
 */
export async function planStatement(
  ctx: Context,
  bank: Bank,
  file: StoredFile,
  chosen: Chosen,
): Promise<bigint | undefined> {
  const { timezone } = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  const [now] = await ctx.tx.$queryRaw<{ day: string }[]>`
    SELECT to_char(lango_now() AT TIME ZONE ${timezone}, 'YYYY-MM-DD') AS day`;
  const today = now?.day ?? '';
  const sheet = sheetOf(file.table, bank.reading.columns);
  const { decimal, dates } = chosen;
  const span = spanOf(readLines(sheet, chosen.columns, chosen, today));
  if (!span) return undefined;
  const reading: ReadingParams = {
    top: sheet.top,
    columns: chosen.columns.map((field) => field ?? null),
    decimal,
    dates,
    today,
  };
  const params: StatementParams = {
    file: file.name,
    bank: bank.name,
    bank_id: bank.id.toString(),
    currency: bank.currency,
    timezone,
    from: span.from,
    to: addDays(span.to, 1),
  };
  const run = await insertRun(ctx, {
    action: 'bank',
    task: 'payments.bank',
    permission: 'payments.write',
    private: true,
    params: { ...params, reading },
    lines: sheet.rows.length,
  });
  if (!(await claimFile(ctx, file.id, run))) throw notFound('That file');
  const names = sheet.heads.flatMap((head, at) => {
    const field = chosen.columns[at];
    return field ? [[bareHead(head), field] as const] : [];
  });
  await keepReading(ctx, bank.id, { columns: Object.fromEntries(names), decimal, dates });
  return run;
}

/** The first and the last day of the lines that could be read. */
export function spanOf(read: ReturnType<typeof readLines>): { from: string; to: string } | undefined {
  const days = read.flatMap((one) => (one.kind === 'line' ? [one.line.day] : []));
  if (days.length === 0) return undefined;
  return { from: days.reduce((a, b) => (a < b ? a : b)), to: days.reduce((a, b) => (a > b ? a : b)) };
}
