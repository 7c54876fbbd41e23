import { generateKeyPairSync } from 'node:crypto';
import type { Context } from '../platform/context';
import type { SecretBox } from '../platform/crypto';

/** By what routers reach this installation. */
export interface Installation {
  publicUrl: string;
  host: string;
  authPort: number;
  acctPort: number;
  tunnelPort: number;
  tunnelPublicKey: string;
}

/** Where our own end's key is sealed (platform/crypto.ts); it belongs to no company. */
export const TUNNEL_SERVER_KEY = 'provisioning_installation.tunnel_key';
export const NO_COMPANY = 0n;

/** Runs one statement past row-level security. */
type Run = (sql: string, values: unknown[]) => Promise<unknown>;

/** Writes down by what routers reach us, at every start; the key of our end of the tunnels is made once. */
export async function noteInstallation(
  run: Run,
  secrets: SecretBox,
  about: Pick<Installation, 'publicUrl' | 'authPort' | 'acctPort' | 'tunnelPort'>,
): Promise<void> {
  const host = new URL(about.publicUrl).hostname.replace(/^\[|\]$/g, '');
  const keys = makeTunnelKeys();
  await run(
    `INSERT INTO provisioning_installation AS i (public_url, host, auth_port, acct_port, tunnel_port, tunnel_public_key, tunnel_key_enc)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (singleton) DO UPDATE SET public_url = $1, host = $2, auth_port = $3, acct_port = $4, tunnel_port = $5, updated_at = lango_now()`,
    [
      about.publicUrl,
      host,
      about.authPort,
      about.acctPort,
      about.tunnelPort,
      keys.publicKey,
      secrets.seal(TUNNEL_SERVER_KEY, NO_COMPANY, keys.privateKey),
    ],
  );
}

/** A pair of WireGuard keys (X25519), as `wg genkey` and `wg pubkey` print them. */
export function makeTunnelKeys(): { publicKey: string; privateKey: string } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const text = (base64url: string | undefined) => Buffer.from(base64url ?? '', 'base64url').toString('base64');
  return {
    publicKey: text(publicKey.export({ format: 'jwk' }).x),
    privateKey: text(privateKey.export({ format: 'jwk' }).d),
  };
}

/** undefined until the first `lango start`. */
export async function findInstallation(ctx: Context): Promise<Installation | undefined> {
  const [found] = await ctx.tx.$queryRaw<Installation[]>`
    SELECT public_url AS "publicUrl", host, auth_port AS "authPort", acct_port AS "acctPort", tunnel_port AS "tunnelPort", tunnel_public_key AS "tunnelPublicKey"
    FROM provisioning_installation`;
  return found;
}
