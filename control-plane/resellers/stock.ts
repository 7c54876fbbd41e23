import { recordAudit } from '../audit';
import { accountFor, lockAccounts, postTransfers } from '../ledger';
import type { Context } from '../platform/context';
import { voidBatch } from '../vouchers';
import { accountOf } from './accounts';
import { findReseller, ownReseller } from './queries';
import type { Reseller, StockInput } from './schema';

export type StockOutcome =
  | { kind: 'done' }
  | { kind: 'not_found' }
  | { kind: 'float_short'; price_cents: number; available_cents: number; currency: string }
  | { kind: 'invalid'; fields: Record<string, string> };

interface BatchRow {
  id: bigint;
  reseller_id: bigint | null;
  wholesale_cents: bigint | null;
  charged: string | null;
  count: number;
  used: bigint;
  /** Neither sold nor used. */
  unsold: number;
  open: boolean;
  voided: boolean;
  currency: string;
  plan_name: string;
}

/**
 * Hands a batch of vouchers, or so many of its codes, to a reseller. Charged at assignment: their float pays for every code now; at sale: for each as it is sold.
 * Codes out of a batch are a batch of their own from then on.
 */
export async function assignStock(ctx: Context, id: bigint, input: StockInput): Promise<StockOutcome> {
  const reseller = await findReseller(ctx, id);
  if (!reseller) return { kind: 'not_found' };
  const whole = await lockBatch(ctx, input.batch_id);
  if (!whole)
    return { kind: 'invalid', fields: { batch_id: 'is no voucher batch of yours; list /api/vouchers/batches' } };
  if (whole.reseller_id !== null)
    return { kind: 'invalid', fields: { batch_id: 'is a reseller’s already; take it back first' } };
  const count = input.count ?? whole.count;
  if (!whole.open || (whole.used > 0n && input.count === undefined))
    return {
      kind: 'invalid',
      fields: { batch_id: 'is void, past its last day or begun; say how many, or make a new one' },
    };
  if (whole.currency !== reseller.currency)
    return {
      kind: 'invalid',
      fields: { batch_id: `is sold in ${whole.currency}, and the float is in ${reseller.currency}` },
    };
  if (count > whole.unsold)
    return { kind: 'invalid', fields: { count: `is more than the ${whole.unsold} codes that nobody has yet` } };
  // Asked first: what is taken out of a batch for a float that is short would stay taken out.
  if (input.charged === 'assignment') {
    const short = await floatShort(ctx, reseller, BigInt(input.wholesale_cents) * BigInt(count));
    if (short) return short;
  }
  const batch = count === whole.count ? whole : await takeOut(ctx, whole, count);
  if (!batch) return { kind: 'invalid', fields: { count: 'is more than the codes that nobody has yet' } };
  const total = BigInt(input.wholesale_cents) * BigInt(batch.count);
  if (input.charged === 'assignment') {
    const short = await moveMoney(ctx, reseller, `reseller:${id}:stock:${batch.id}`, total, memoOf(batch, batch.count));
    if (short) return short;
  }
  await ctx.tx.$executeRaw`
    UPDATE voucher_batch SET reseller_id = ${id}, wholesale_cents = ${input.wholesale_cents}, charged = ${input.charged}, assigned_at = ${ctx.now} WHERE id = ${batch.id}`;
  await recordAudit(ctx, 'resellers.assign_stock', { type: 'reseller', id }, { ...input, count: batch.count });
  return { kind: 'done' };
}

/** So many codes that nobody has, as a batch of their own. */
async function takeOut(ctx: Context, { id }: BatchRow, count: number): Promise<BatchRow | undefined> {
  const [split] = await ctx.tx.$queryRaw<{ id: bigint | null }[]>`SELECT voucher_split(${id}, ${count}::int) AS id`;
  return split?.id ? lockBatch(ctx, split.id) : undefined;
}

/**
 * Takes back the codes of a batch that were neither sold nor used, also after their last day; sold ones are their buyers'. Those that were paid for in advance were
 * seen: they are void, and the float gets their money back. Those that nobody has seen are the company's again, as good as new.
 */
export async function takeStockBack(ctx: Context, id: bigint, batchId: bigint): Promise<StockOutcome> {
  const reseller = await findReseller(ctx, id);
  const whole = await lockBatch(ctx, batchId);
  if (!reseller || whole?.reseller_id !== id) return { kind: 'not_found' };
  const left = whole.unsold;
  if (whole.voided || left === 0) return { kind: 'invalid', fields: { batch_id: 'has no code left to take back' } };
  const batch = left === whole.count ? whole : await takeOut(ctx, whole, left);
  if (!batch) return { kind: 'invalid', fields: { batch_id: 'is being used at this moment; try again' } };
  if (batch.charged === 'assignment') {
    await voidBatch(ctx, batch.id);
    const total = (batch.wholesale_cents ?? 0n) * BigInt(left);
    if (total > 0n)
      await moveMoney(ctx, reseller, `reseller:${id}:stock:${batch.id}:back`, -total, memoOf(batch, left));
  } else
    await ctx.tx.$executeRaw`
      UPDATE voucher_batch SET reseller_id = NULL, wholesale_cents = NULL, charged = NULL, assigned_at = NULL WHERE id = ${batch.id}`;
  await recordAudit(ctx, 'resellers.take_stock_back', { type: 'reseller', id }, { batch_id: batch.id, codes: left });
  return { kind: 'done' };
}

export type CodeOutcome =
  | { kind: 'done'; code: string; wholesale_cents: number; float_cents: number; currency: string }
  | { kind: 'no_reseller' }
  | { kind: 'suspended' }
  | { kind: 'none_left' }
  | { kind: 'float_short'; price_cents: number; available_cents: number; currency: string };

/** Sells the next code of a batch of the actor's. Charged at sale: out of their float, and only now anybody sees it; else it was paid for and is marked as sold. */
export async function sellCode(ctx: Context, batchId: bigint): Promise<CodeOutcome> {
  const reseller = await ownReseller(ctx);
  if (!reseller) return { kind: 'no_reseller' };
  if (reseller.state === 'suspended') return { kind: 'suspended' };
  const batch = await lockBatch(ctx, batchId);
  if (!batch?.open || batch.reseller_id !== BigInt(reseller.id)) return { kind: 'none_left' };
  const wholesale = batch.charged === 'sale' ? (batch.wholesale_cents ?? 0n) : 0n;
  const short = await floatShort(ctx, reseller, wholesale);
  if (short) return short;
  const [taken] = await ctx.tx.$queryRaw<{ code: string; sale_no: bigint; wholesale_cents: bigint }[]>`
    SELECT * FROM reseller_take_voucher(${batchId})`;
  if (!taken) return { kind: 'none_left' };
  const key = `reseller:${reseller.id}:stock:${batchId}:code:${taken.sale_no}`;
  await moveMoney(ctx, reseller, key, wholesale, '');
  await recordAudit(
    ctx,
    'resellers.sell_code',
    { type: 'reseller', id: reseller.id },
    { batch_id: batchId, amount_cents: wholesale },
  );
  const after = await findReseller(ctx, BigInt(reseller.id));
  return {
    kind: 'done',
    code: taken.code,
    wholesale_cents: Number(wholesale),
    float_cents: after?.float_cents ?? 0,
    currency: reseller.currency,
  };
}

export type MarkOutcome = 'done' | 'sold' | 'used' | 'over' | 'unknown' | 'suspended' | 'no_reseller';

/** Marks a printed code of the actor's own stock as sold: it is its buyer's from then on, also when the rest is taken back. */
export async function markSold(ctx: Context, typed: string): Promise<MarkOutcome> {
  const reseller = await ownReseller(ctx);
  if (!reseller) return 'no_reseller';
  if (reseller.state === 'suspended') return 'suspended';
  const [row] = await ctx.tx.$queryRaw<{ outcome: MarkOutcome }[]>`SELECT reseller_mark_sold(${typed}) AS outcome`;
  const outcome = row?.outcome ?? 'unknown';
  if (outcome === 'done') await recordAudit(ctx, 'resellers.mark_sold', { type: 'reseller', id: reseller.id });
  return outcome;
}

async function lockBatch(ctx: Context, id: bigint): Promise<BatchRow | undefined> {
  const [row] = await ctx.tx.$queryRaw<BatchRow[]>`
    SELECT b.id, b.reseller_id, b.wholesale_cents, b.charged, b.count, voucher_is_open(b.voided_at, b.valid_until) AS open, b.voided_at IS NOT NULL AS voided, v.currency::text AS currency, p.name AS plan_name,
           (SELECT count(*) FROM voucher u WHERE u.batch_id = b.id AND u.used_at IS NOT NULL) AS used,
           (SELECT count(*)::int FROM voucher u WHERE u.batch_id = b.id AND u.used_at IS NULL AND u.sold_at IS NULL) AS unsold
    FROM voucher_batch b JOIN plan_version v ON v.id = b.plan_version_id JOIN plan p ON p.id = v.plan_id WHERE b.id = ${id} FOR NO KEY UPDATE OF b`;
  return row;
}

const memoOf = (batch: BatchRow, count: number): string => `${count} × ${batch.plan_name}`;

type Short = Extract<StockOutcome, { kind: 'float_short' }>;

/** Whether the float, locked from now on, has less than this left with its credit. */
async function floatShort(ctx: Context, reseller: Reseller, cents: bigint): Promise<Short | undefined> {
  const { float, sales } = await accountsOf(ctx, reseller);
  const balance = (await lockAccounts(ctx, [float, sales])).get(float) ?? 0n;
  const available = balance + BigInt(reseller.credit_limit_cents);
  if (available >= cents) return undefined;
  return {
    kind: 'float_short',
    price_cents: Number(cents),
    available_cents: Number(available),
    currency: reseller.currency,
  };
}

async function accountsOf(ctx: Context, reseller: Reseller) {
  return {
    float: await accountOf(ctx, BigInt(reseller.id), 'float'),
    sales: await accountFor(ctx, 'sales', reseller.currency),
  };
}

/** From the float to sales, or with a negative amount back; the invoice or credit note writes itself. Tells where the float is short, and moves nothing then. */
async function moveMoney(
  ctx: Context,
  reseller: Reseller,
  key: string,
  cents: bigint,
  memo: string,
): Promise<Short | undefined> {
  if (cents === 0n) return undefined;
  const short = await floatShort(ctx, reseller, cents);
  if (short) return short;
  const { float, sales } = await accountsOf(ctx, reseller);
  const back = cents < 0n;
  await postTransfers(ctx, [
    {
      key,
      debit: back ? sales : float,
      credit: back ? float : sales,
      amount_cents: back ? -cents : cents,
      kind: back ? 'stock_back' : 'stock',
      memo,
    },
  ]);
  return undefined;
}
