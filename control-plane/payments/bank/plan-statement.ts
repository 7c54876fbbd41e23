import { insertRows, insertRun, type NewRow } from '../../bulk';
import { dropFile, type StoredFile } from '../../imports';
import type { Context } from '../../platform/context';
import type { Bank } from './banks';
import { keepReading } from './banks';
import { bareHead, sheetOf, type BankField, type Reading } from './columns';
import { readBooks } from './read-books';
import { judgeLines, type JudgedLine } from './judge-lines';
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

/**
 * Writes a bank's statement down as a draft run, every line with its fate; nothing is booked. What was said of the columns is remembered for the bank's next file.
 * @returns the run's id; undefined where no line of the file could be read so
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
  const sheet = sheetOf(file.table, bank.reading.columns);
  const read = readLines(sheet, chosen.columns, chosen, now?.day ?? '');
  const days = read.flatMap((one) => (one.kind === 'line' ? [one.line.day] : []));
  if (days.length === 0) return undefined;
  const from = days.reduce((a, b) => (a < b ? a : b));
  const to = days.reduce((a, b) => (a > b ? a : b));
  const books = await readBooks(ctx, { ...bank, timezone, from, to }, read);
  const judged = judgeLines(read, bank.id.toString(), books);
  const params: StatementParams = {
    file: file.name,
    bank: bank.name,
    bank_id: bank.id.toString(),
    currency: bank.currency,
    timezone,
    from,
    to: addDays(to, 1),
  };
  const run = await insertRun(ctx, {
    action: 'bank',
    task: 'payments.bank',
    permission: 'payments.write',
    private: true,
    params: { ...params },
  });
  await insertRows(ctx, run, judged.map(rowOf));
  const names = sheet.heads.flatMap((head, at) => {
    const field = chosen.columns[at];
    return field ? [[bareHead(head), field] as const] : [];
  });
  const { decimal, dates } = chosen;
  await keepReading(ctx, bank.id, { columns: Object.fromEntries(names), decimal, dates });
  await dropFile(ctx, file.id);
  return run;
}

function rowOf({ label, fate, note, subscriber_id, name, of }: JudgedLine): NewRow {
  const line: HeldLine | undefined = of && { ...of, amount_cents: of.amount_cents.toString() };
  return { label, fate, note, subscriber_id, data: { name, line: line ?? null } };
}
