import { createHash, randomBytes } from 'node:crypto';
import type { Context } from '../platform/context';

const PURPOSE = 'hook_token.token';

/** What a token is found by. */
export const tokenHash = (token: string): Buffer => createHash('sha256').update(token).digest();

/**
 * The address that a provider calls: `<public URL>/hooks/<kind>/<token>`, the same for each kind of one account. The token is made at first use.
 * Hexadecimal: in other alphabets one token in some thousands spells a word that Safaricom refuses in addresses.
 */
export async function hookAddress(
  ctx: Context,
  publicUrl: string,
  kind: { kind: string; account: string },
): Promise<string> {
  const token = (await readToken(ctx, kind.account)) ?? (await makeToken(ctx, kind.account));
  return `${publicUrl}/hooks/${kind.kind}/${token}`;
}

async function readToken(ctx: Context, account: string): Promise<string | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ token_enc: Uint8Array }[]>`
    SELECT token_enc FROM hook_token WHERE tenant_id = ${ctx.tenantId} AND account = ${account}`;
  return row && ctx.secrets.open(PURPOSE, ctx.tenantId, row.token_enc);
}

async function makeToken(ctx: Context, account: string): Promise<string> {
  const token = randomBytes(16).toString('hex');
  const made = await ctx.tx.$executeRaw`
    INSERT INTO hook_token (tenant_id, account, token_hash, token_enc)
    VALUES (${ctx.tenantId}, ${account}, ${tokenHash(token)}, ${ctx.secrets.seal(PURPOSE, ctx.tenantId, token)}) ON CONFLICT DO NOTHING`;
  if (made === 1) return token;
  const theirs = await readToken(ctx, account);
  if (theirs === undefined) throw new Error(`The token of ${account} stands and is not to be seen.`);
  return theirs;
}
