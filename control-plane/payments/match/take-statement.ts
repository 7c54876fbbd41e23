import { createHash } from 'node:crypto';
import { recordAudit } from '../../audit';
import type { Context } from '../../platform/context';
import { readMpesaStatement, type Line, type StatementOutcome } from './read-statement';

/** More lines than that are a longer time than anybody looks through: export it in parts. */
export const LINES_MAX = 20_000;

export type TakeOutcome =
  | { kind: 'done'; id: bigint }
  /** This very file was taken in before. */
  | { kind: 'known'; id: bigint }
  | { kind: 'too_many'; rows: number }
  | Exclude<StatementOutcome, { kind: 'done' }>;

/** Takes an M-Pesa statement in, as the portal exports it. What it says is held against the books by the queue at once; it proves no payment by itself. */
export async function takeStatement(ctx: Context, name: string, bytes: Buffer): Promise<TakeOutcome> {
  const read = readMpesaStatement(bytes);
  if (read.kind !== 'done') return read;
  if (read.lines.length > LINES_MAX) return { kind: 'too_many', rows: read.lines.length };
  const mark = createHash('sha256').update(bytes).digest('hex');
  const times = read.lines.map(({ at }) => at.getTime());
  const span = {
    from: new Date(times.reduce((a, b) => Math.min(a, b))),
    to: new Date(times.reduce((a, b) => Math.max(a, b))),
  };
  const statement = { method: 'mpesa', source: 'file' as const, name, mark, ...span };
  const written = await writeStatement(ctx, statement, read.lines, 'KES');
  if (written.kind === 'done')
    await recordAudit(
      ctx,
      'payments.statement',
      { type: 'payment_statement', id: written.id },
      { name, lines: read.lines.length },
    );
  return written;
}

export interface NewStatement {
  method: string;
  source: 'file' | 'list';
  name: string;
  mark: string;
  from: Date;
  to: Date;
}

/** Keeps a statement and its lines; a line that stands on an earlier one is counted and not kept twice. */
export async function writeStatement(
  ctx: Context,
  statement: NewStatement,
  lines: Line[],
  currency: string,
): Promise<{ kind: 'done' | 'known'; id: bigint }> {
  const { method, source, name, mark, from, to } = statement;
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment_statement (tenant_id, method, source, name, mark, from_at, to_at, created_by, created_name)
    VALUES (${ctx.tenantId}, ${method}, ${source}, ${name.slice(0, 200) || 'statement'}, ${mark}, ${from}, ${to}, ${staffId}::bigint, ${ctx.actor.name})
    ON CONFLICT (tenant_id, method, mark) DO NOTHING RETURNING id`;
  if (!made) {
    const [known] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
      SELECT id FROM payment_statement WHERE tenant_id = ${ctx.tenantId} AND method = ${method} AND mark = ${mark}`;
    if (!known) throw new Error('A statement stood in the way and is not to be seen.');
    return { kind: 'known', id: known.id };
  }
  const rows = lines.map((line) => ({
    ...line,
    amount_cents: line.amount_cents.toString(),
    at: line.at.toISOString(),
  }));
  const written = await ctx.tx.$executeRaw`
    INSERT INTO payment_statement_row (tenant_id, statement_id, method, kind, receipt, amount_cents, currency, at, linked, payer, bill_ref, details)
    SELECT ${ctx.tenantId}, ${made.id}, ${method}, x.kind, x.receipt, x.amount_cents, ${currency}, x.at, nullif(x.linked, ''), nullif(x.payer, ''), nullif(x.bill_ref, ''), nullif(x.details, '')
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS x (kind text, receipt text, amount_cents bigint, at timestamptz, linked text, payer text, bill_ref text, details text)
    ON CONFLICT (tenant_id, method, upper(receipt), kind, amount_cents) DO NOTHING`;
  await ctx.tx.$executeRaw`UPDATE payment_statement SET known_rows = ${lines.length - written} WHERE id = ${made.id}`;
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('payments.match', json_build_object('tenant', ${ctx.tenantId.toString()}::text, 'statement', ${made.id.toString()}::text))`;
  return { kind: 'done', id: made.id };
}
