import { randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { versionOnSale } from '../plans';
import { findBatch } from './queries';
import { alphabet, type Batch, type NewBatch } from './schema';

export type BatchOutcome =
  { kind: 'done'; batch: Batch; codes: string[] } | { kind: 'invalid'; fields: Record<string, string> };

const usualLength = 8;
/** A guess must hit a code that was never used less than once in a million times. */
const guessesPerHit = 1_000_000;
const rowsAtOnce = 10_000;

/**
 * Makes a batch of vouchers on the terms that the package has today; a later change of the package does not change what was printed. Codes come from
 * the system's random source, never repeat within the company, and are no customer's username.
 */
export async function createBatch(ctx: Context, input: NewBatch): Promise<BatchOutcome> {
  const { count, prefix = '', code_length = usualLength } = input;
  const version = await versionOnSale(ctx, input.package_id);
  if (!version) return invalid('package_id', 'is not on sale; list /api/packages for what is');
  if (count * guessesPerHit > alphabet.length ** code_length)
    return invalid('code_length', `is too short for ${count} vouchers: a guess would hit one of them too often`);
  const valid_until = input.valid_until ? new Date(input.valid_until) : null;
  if (valid_until !== null && valid_until <= ctx.now) return invalid('valid_until', 'must be in the future');
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO voucher_batch (tenant_id, plan_version_id, count, code_length, prefix, valid_until)
    VALUES (${ctx.tenantId}, ${version.id}, ${count}, ${code_length}, ${prefix}, ${valid_until}) RETURNING id`;
  if (!made) throw new Error('The new batch has no id.');
  const codes: string[] = [];
  while (codes.length < count) {
    const wanted = Math.min(rowsAtOnce, count - codes.length);
    codes.push(...(await insertCodes(ctx, made.id, drawCodes(wanted, prefix, code_length))));
  }
  await recordAudit(
    ctx,
    'vouchers.create-batch',
    { type: 'voucher_batch', id: made.id },
    { package_id: input.package_id, count },
  );
  const batch = await findBatch(ctx, made.id);
  if (!batch) throw new Error(`batch ${made.id} is gone after its creation`);
  return { kind: 'done', batch, codes };
}

const invalid = (field: string, message: string): BatchOutcome => ({ kind: 'invalid', fields: { [field]: message } });

function drawCodes(count: number, prefix: string, length: number): string[] {
  const random = randomBytes(count * length);
  return Array.from({ length: count }, (_, n) => {
    const letters = Array.from(random.subarray(n * length, (n + 1) * length), (byte) => alphabet[byte & 31]);
    return prefix + letters.join('');
  });
}

/** Those that were free; a code that exists already is drawn again by the caller. */
async function insertCodes(ctx: Context, batchId: bigint, codes: string[]): Promise<string[]> {
  const rows = await ctx.tx.$queryRaw<{ code: string }[]>`
    INSERT INTO voucher (tenant_id, code, batch_id)
    SELECT ${ctx.tenantId}, c, ${batchId} FROM unnest(${codes}::text[]) AS c
    WHERE NOT EXISTS (SELECT FROM subscription s WHERE s.tenant_id = ${ctx.tenantId} AND s.username = c)
    ON CONFLICT DO NOTHING
    RETURNING code`;
  return rows.map(({ code }) => code);
}
