import type { Context } from '../../platform/context';
import { Prisma } from '../../platform/db/generated/client';
import { pageOf, type Page } from '../../platform/http/input';
import type { Payable, Payout, PlanInput, Run, RunWithPayouts } from './schema';

/** What M-Pesa takes at once, in minor units. */
const MPESA = { least: 1_000n, most: 25_000_000n };

/** Who would be paid how much by a run: what they have earned, in whole shillings by M-Pesa. Who has a payout open waits for its end. */
export async function listPayable(ctx: Context, { method, reseller_ids, least_cents }: PlanInput): Promise<Payable[]> {
  const some = reseller_ids ? Prisma.sql`AND r.id = ANY (${reseller_ids}::bigint[])` : Prisma.empty;
  const rows = await ctx.tx.$queryRaw<{ id: bigint; name: string; phone: string; currency: string; cents: bigint }[]>`
    SELECT r.id, r.name, r.phone, r.currency::text AS currency, a.balance_cents AS cents
    FROM reseller r JOIN ledger_account a ON a.tenant_id = r.tenant_id AND a.code = 'commission:' || r.id AND a.currency = r.currency
    JOIN tenant t ON t.id = r.tenant_id AND t.currency = r.currency
    WHERE r.tenant_id = ${ctx.tenantId} AND a.balance_cents > 0 AND a.balance_cents >= ${least_cents} ${some}
      AND NOT EXISTS (SELECT FROM reseller_payout p WHERE p.reseller_id = r.id AND p.state IN ('waiting', 'sending', 'unknown'))
    ORDER BY r.id LIMIT 500`;
  return rows.flatMap((row) => {
    const most = row.cents > MPESA.most ? MPESA.most : row.cents;
    const amount = method === 'mpesa' ? most - (most % 100n) : row.cents;
    if (method === 'mpesa' && (amount < MPESA.least || row.currency !== 'KES')) return [];
    return {
      reseller_id: row.id.toString(),
      reseller_name: row.name,
      phone: row.phone,
      commission_cents: Number(row.cents),
      amount_cents: Number(amount),
      currency: row.currency,
    };
  });
}

interface RunRow {
  id: bigint;
  method: Run['method'];
  state: Run['state'];
  total_cents: bigint;
  currency: string;
  created_name: string;
  decided_name: string | null;
  created_at: Date;
  count: bigint;
  paid: bigint;
}

const toRun = (row: RunRow): Run => ({
  ...row,
  id: row.id.toString(),
  total_cents: Number(row.total_cents),
  created_at: row.created_at.toISOString(),
  count: Number(row.count),
  paid: Number(row.paid),
});

const selectRuns = (ctx: Context, where: Prisma.Sql, limit: number): Promise<RunRow[]> => ctx.tx.$queryRaw<RunRow[]>`
  SELECT r.id, r.method, r.state, r.total_cents, r.currency::text AS currency, r.created_name, r.decided_name, r.created_at,
         (SELECT count(*) FROM reseller_payout p WHERE p.run_id = r.id) AS count,
         (SELECT count(*) FROM reseller_payout p WHERE p.run_id = r.id AND p.state = 'paid') AS paid
  FROM reseller_payout_run r WHERE r.tenant_id = ${ctx.tenantId} AND ${where} ORDER BY r.id DESC LIMIT ${limit}`;

/** Runs, newest first. */
export async function listRuns(ctx: Context, page: { limit: number; before: bigint | undefined }): Promise<Page<Run>> {
  const where = page.before === undefined ? Prisma.sql`true` : Prisma.sql`r.id < ${page.before}`;
  return pageOf(await selectRuns(ctx, where, page.limit + 1), page.limit, (row) => row.id, toRun);
}

/** A run with its payouts and what happened to each, step by step. */
export async function findRun(ctx: Context, id: bigint): Promise<RunWithPayouts | undefined> {
  const [row] = await selectRuns(ctx, Prisma.sql`r.id = ${id}`, 1);
  if (!row) return undefined;
  const [approval] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM approval WHERE tenant_id = ${ctx.tenantId} AND kind = 'resellers.payout' AND subject_id = ${id}`;
  return { ...toRun(row), approval_id: approval?.id.toString() ?? null, payouts: await payoutsOf(ctx, id) };
}

async function payoutsOf(ctx: Context, runId: bigint): Promise<Payout[]> {
  const rows = await ctx.tx.$queryRaw<
    {
      id: bigint;
      reseller_id: bigint;
      name: string;
      amount_cents: bigint;
      currency: string;
      phone: string;
      state: Payout['state'];
      reference: string | null;
      code: string | null;
      code_text: string | null;
      timeline: Payout['timeline'];
    }[]
  >`
    SELECT p.id, p.reseller_id, r.name, p.amount_cents, p.currency::text AS currency, p.phone, p.state, p.reference, p.code, p.code_text,
           coalesce((SELECT jsonb_agg(jsonb_build_object('at', to_char(s.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'step', s.step, 'detail', s.detail) ORDER BY s.at, s.id)
                     FROM reseller_payout_step s WHERE s.payout_id = p.id), '[]') AS timeline
    FROM reseller_payout p JOIN reseller r ON r.id = p.reseller_id WHERE p.run_id = ${runId} ORDER BY p.id`;
  return rows.map((row) => ({
    id: row.id.toString(),
    reseller_id: row.reseller_id.toString(),
    reseller_name: row.name,
    amount_cents: Number(row.amount_cents),
    currency: row.currency,
    phone: row.phone,
    state: row.state,
    reference: row.reference,
    failure: row.state === 'failed' && row.code !== null ? { code: row.code, text: row.code_text ?? '' } : null,
    timeline: row.timeline,
  }));
}
