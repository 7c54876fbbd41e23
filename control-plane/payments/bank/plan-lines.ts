import type { NewRow, RowPlanner, Run, Within } from '../../bulk';
import { dropFileOf, fileOfRun } from '../../imports';
import type { Context } from '../../platform/context';
import { sheetFrom } from './columns';
import { judgeLines, type JudgedLine } from './judge-lines';
import { spanOf, type HeldLine, type ReadingParams, type StatementParams } from './plan-statement';
import { readBooks } from './read-books';
import { readLines, type ReadLine } from './read-lines';

/** Gives every line of a bank's statement its fate, in the queue; nothing is booked. The file is gone then. */
export const planLines: RowPlanner = { rows, finish: (ctx, run) => dropFileOf(ctx, run.id) };

async function rows(within: Within, run: Run): Promise<NewRow[]> {
  const { reading, ...params } = run.params as unknown as StatementParams & { reading: ReadingParams };
  const read = await within((ctx) => linesOf(ctx, run, reading));
  const span = spanOf(read);
  if (!span) throw new Error(`No line of run ${run.id} can be read any more.`);
  const about = { id: BigInt(params.bank_id), currency: params.currency, timezone: params.timezone, ...span };
  const books = await readBooks(within, about, read);
  return judgeLines(read, params.bank_id, books).map(rowOf);
}

/** The lines, as they were read when somebody named the columns. */
async function linesOf(ctx: Context, run: Run, reading: ReadingParams): Promise<ReadLine[]> {
  const file = await fileOfRun(ctx, run.id);
  if (!file) throw new Error(`The file of run ${run.id} is gone.`);
  const columns = reading.columns.map((field) => field ?? undefined);
  return readLines(sheetFrom(file.table, reading.top), columns, reading, reading.today);
}

function rowOf({ label, fate, note, subscriber_id, name, of }: JudgedLine): NewRow {
  const line: HeldLine | undefined = of && { ...of, amount_cents: of.amount_cents.toString() };
  return { label, fate, note, subscriber_id, data: { name, line: line ?? null } };
}
