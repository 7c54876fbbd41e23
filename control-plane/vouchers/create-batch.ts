import { randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { versionOnSale } from '../plans';
import { checkCharacter } from './check-character';
import { findBatch } from './queries';
import { alphabet, type Batch, type NewBatch } from './schema';

export type BatchOutcome =
  { kind: 'done'; batch: Batch; codes: string[] } | { kind: 'invalid'; fields: Record<string, string> };

const usualLength = 8;
/** A guess must hit a code that was never used less than once in a million times. */
const guessesPerHit = 1_000_000;
const codeMax = 36;
const rowsAtOnce = 25_000;
/** More are read page by page. */
export const codesAtOnce = 1000;

/**
 * Makes a batch of vouchers on the terms that the package has today; a later change of the package does not change what was printed. Codes come from
 * the system's random source, never repeat within the company, and are no customer's username. A hundred thousand take some four seconds.
 * `codes` is empty where there are more than `codesAtOnce`.
 */
export async function createBatch(ctx: Context, input: NewBatch): Promise<BatchOutcome> {
  const { count, prefix = '', code_length = usualLength, with_check = false } = input;
  const version = await versionOnSale(ctx, input.package_id);
  if (!version) return invalid('package_id', 'is not on sale; list /api/packages for what is');
  if (count * guessesPerHit > alphabet.length ** code_length)
    return invalid('code_length', `is too short for ${count} vouchers: a guess would hit one of them too often`);
  if (prefix.length + code_length + Number(with_check) > codeMax)
    return invalid('code_length', `is too long with this prefix: a code has at most ${codeMax} characters`);
  const valid_until = input.valid_until ? new Date(input.valid_until) : null;
  if (valid_until !== null && valid_until <= ctx.now) return invalid('valid_until', 'must be in the future');
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO voucher_batch (tenant_id, plan_version_id, count, code_length, prefix, with_check, valid_until)
    VALUES (${ctx.tenantId}, ${version.id}, ${count}, ${code_length}, ${prefix}, ${with_check}, ${valid_until}) RETURNING id`;
  if (!made) throw new Error('The new batch has no id.');
  for (let there = 0; there < count;) {
    const codes = drawCodes(Math.min(rowsAtOnce, count - there), prefix, code_length, with_check);
    there += await insertCodes(ctx, made.id, codes);
  }
  await recordAudit(
    ctx,
    'vouchers.create-batch',
    { type: 'voucher_batch', id: made.id },
    { package_id: input.package_id, count },
  );
  const batch = await findBatch(ctx, made.id);
  if (!batch) throw new Error(`batch ${made.id} is gone after its creation`);
  return { kind: 'done', batch, codes: count > codesAtOnce ? [] : await codesOf(ctx, made.id) };
}

const invalid = (field: string, message: string): BatchOutcome => ({ kind: 'invalid', fields: { [field]: message } });

/** In their order: that is how the indexes take them fastest, and it tells nothing, as they are random. */
function drawCodes(count: number, prefix: string, length: number, withCheck: boolean): string[] {
  const random = randomBytes(count * length);
  const codes = Array.from({ length: count }, (_, n) => {
    let code = prefix;
    for (let at = n * length; at < (n + 1) * length; at += 1) code += alphabet[random[at]! & 31]!;
    return withCheck ? code + checkCharacter(code) : code;
  });
  return codes.sort();
}

/** How many of them were free; the caller draws others for those that exist already. */
function insertCodes(ctx: Context, batchId: bigint, codes: string[]): Promise<number> {
  return ctx.tx.$executeRaw`
    INSERT INTO voucher (tenant_id, code, batch_id)
    SELECT ${ctx.tenantId}, c, ${batchId} FROM unnest(${codes}::text[]) AS c
    WHERE NOT EXISTS (SELECT FROM subscription s WHERE s.tenant_id = ${ctx.tenantId} AND s.username = c)
    ON CONFLICT DO NOTHING`;
}

async function codesOf(ctx: Context, batchId: bigint): Promise<string[]> {
  const rows = await ctx.tx.$queryRaw<
    { code: string }[]
  >`SELECT code FROM voucher WHERE batch_id = ${batchId} ORDER BY code`;
  return rows.map(({ code }) => code);
}
