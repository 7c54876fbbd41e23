import type { Run } from '../../bulk';
import type { Context } from '../../platform/context';
import type { HeldLine, StatementParams } from './plan-statement';

export interface WrittenLine {
  id: bigint;
  receipt: string;
  amount_cents: bigint;
  at: Date;
}

const markOf = (runId: bigint): string => `bank:${runId}`;

/** The statement that a run has brought; undefined while none of its lines is booked. */
export async function findStatementOf(ctx: Context, runId: bigint): Promise<bigint | undefined> {
  const [standing] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM payment_statement WHERE tenant_id = ${ctx.tenantId} AND method = 'bank' AND mark = ${markOf(runId)}`;
  return standing?.id;
}

/** The statement that a run brings, made with its first line. */
export async function statementOf(ctx: Context, run: Run, params: StatementParams): Promise<bigint> {
  const standing = await findStatementOf(ctx, run.id);
  if (standing !== undefined) return standing;
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO payment_statement (tenant_id, method, source, name, mark, bank_id, from_at, to_at, created_by, created_name)
    SELECT ${ctx.tenantId}, 'bank', 'file', ${`${params.bank}: ${params.file}`.slice(0, 200)}, ${markOf(run.id)}, ${BigInt(params.bank_id)},
      (${params.from}::date)::timestamp AT TIME ZONE ${params.timezone}, ((${params.to}::date)::timestamp AT TIME ZONE ${params.timezone}) - interval '1 millisecond',
      ${run.created_by}::bigint, ${run.created_by_name}
    RETURNING id`;
  if (!made) throw new Error('A statement was not written.');
  return made.id;
}

/** Keeps lines, and gives those that were not there: no line twice, and no two tied to one movement. A line stands at the noon of its day. */
export async function writeLines(
  ctx: Context,
  statement: bigint,
  { currency, timezone }: StatementParams,
  lines: HeldLine[],
): Promise<WrittenLine[]> {
  const rows = lines.map(({ id, kind, amount_cents, day, reference, account, description, deed }) => ({
    receipt: id,
    kind,
    amount_cents,
    day,
    linked: reference.slice(0, 100),
    bill_ref: account.slice(0, 100),
    details: description.slice(0, 300),
    transfer_id: deed.what === 'tie' ? deed.transfer_id : null,
  }));
  return ctx.tx.$queryRaw<WrittenLine[]>`
    INSERT INTO payment_statement_row (tenant_id, statement_id, method, kind, receipt, amount_cents, currency, at, linked, bill_ref, details, transfer_id)
    SELECT ${ctx.tenantId}, ${statement}, 'bank', x.kind, x.receipt, x.amount_cents, ${currency}, (x.day + time '12:00') AT TIME ZONE ${timezone},
      nullif(x.linked, ''), nullif(x.bill_ref, ''), nullif(x.details, ''), x.transfer_id
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS x (kind text, receipt text, amount_cents bigint, day date, linked text, bill_ref text, details text, transfer_id bigint)
    ON CONFLICT DO NOTHING RETURNING id, receipt, amount_cents, at`;
}
