import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { changeSubscriber, companyPhone, createSubscriber } from '../subscribers';
import { findReseller } from './queries';
import type { NewReseller, Reseller, ResellerChange } from './schema';

export type ResellerOutcome =
  | { kind: 'done'; reseller: Reseller }
  | { kind: 'not_found' }
  | { kind: 'changed_meanwhile'; version: number }
  /** More of the credit is in use than the new limit allows. */
  | { kind: 'credit_in_use'; float_cents: number }
  | { kind: 'invalid'; fields: Record<string, string> };

/** Takes in a reseller, with a customer record of their own whose wallet is their float. */
export async function createReseller(ctx: Context, input: NewReseller): Promise<ResellerOutcome> {
  const account = await createSubscriber(ctx, { name: input.name, phone: input.phone, email: input.email ?? null });
  if (account.kind !== 'done') return account.kind === 'invalid' ? account : { kind: 'not_found' };
  const { currency } = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  const limit = input.credit_limit_cents ?? 0;
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO reseller (tenant_id, subscriber_id, name, phone, currency, credit_limit_cents)
    VALUES (${ctx.tenantId}, ${BigInt(account.subscriber.id)}, ${input.name}, ${account.subscriber.phone}, ${currency}, ${limit}) RETURNING id`;
  if (!made) throw new Error('The new reseller has no id.');
  await ctx.tx.$executeRaw`UPDATE subscriber SET reseller_id = ${made.id} WHERE id = ${BigInt(account.subscriber.id)}`;
  await keepLimit(ctx, made.id, limit);
  await recordAudit(
    ctx,
    'resellers.create',
    { type: 'reseller', id: made.id },
    { name: input.name, credit_limit_cents: limit },
  );
  return { kind: 'done', reseller: await mustFind(ctx, made.id) };
}

/** Changes name, phone and credit limit. */
export async function changeReseller(ctx: Context, id: bigint, input: ResellerChange): Promise<ResellerOutcome> {
  const [row] = await ctx.tx.$queryRaw<{ version: number; subscriber_id: bigint }[]>`
    SELECT version, subscriber_id FROM reseller WHERE id = ${id} FOR NO KEY UPDATE`;
  if (!row) return { kind: 'not_found' };
  if (row.version !== input.version) return { kind: 'changed_meanwhile', version: row.version };
  const limit = input.credit_limit_cents ?? 0;
  if ((await companyPhone(ctx, input.phone)) === undefined)
    return { kind: 'invalid', fields: { phone: 'must be a phone number, as +254712345678 or 0712345678' } };
  if (!(await keepLimit(ctx, id, limit)))
    return { kind: 'credit_in_use', float_cents: (await mustFind(ctx, id)).float_cents };
  const account = await changeSubscriber(ctx, row.subscriber_id, { name: input.name, phone: input.phone });
  if (account.kind !== 'done') throw new Error(`The account of reseller ${id} cannot be changed: ${account.kind}.`);
  await ctx.tx.$executeRaw`
    UPDATE reseller SET name = ${input.name}, phone = ${account.subscriber.phone}, credit_limit_cents = ${limit}, version = version + 1 WHERE id = ${id}`;
  await recordAudit(
    ctx,
    'resellers.change',
    { type: 'reseller', id },
    { name: input.name, phone: input.phone, credit_limit_cents: limit },
  );
  return { kind: 'done', reseller: await mustFind(ctx, id) };
}

/** Stops a reseller from selling, or lets them sell again. What they see, earned and owe stays. */
export async function setSuspended(ctx: Context, id: bigint, suspended: boolean): Promise<'done' | 'not_found'> {
  const count = await ctx.tx.$executeRaw`
    UPDATE reseller SET suspended_at = CASE WHEN ${suspended} THEN coalesce(suspended_at, ${ctx.now}) END, version = version + 1 WHERE id = ${id}`;
  if (count === 0) return 'not_found';
  await recordAudit(ctx, suspended ? 'resellers.suspend' : 'resellers.resume', { type: 'reseller', id });
  return 'done';
}

/** Makes the ledger keep a credit limit. False where the float is lower than that already. */
async function keepLimit(ctx: Context, id: bigint, cents: number): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<{ kept: boolean }[]>`SELECT reseller_keep_limit(${id}, ${cents}) AS kept`;
  return row?.kept ?? false;
}

async function mustFind(ctx: Context, id: bigint): Promise<Reseller> {
  const found = await findReseller(ctx, id);
  if (!found) throw new Error(`reseller ${id} is gone after it was written`);
  return found;
}
