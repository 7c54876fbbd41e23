import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { AUTHORITY_KEY, findIdentity, NO_COMPANY, renewServerCertificate } from './authority';
import { runIn } from './change-authority';

export type ReplaceOutcome =
  | { kind: 'done' }
  | { kind: 'no_authority' }
  | { kind: 'refused'; field: 'certificate_pem' | 'key_pem'; fault: string };

/** Makes the front show a new certificate of our own authority with these names; connections that are open stay. */
export async function renewServer(ctx: Context, names: readonly string[]): Promise<ReplaceOutcome> {
  const run = runIn(ctx);
  if (!(await findIdentity(run, 'ca'))) return { kind: 'no_authority' };
  const notAfter = await renewServerCertificate(run, ctx.secrets, names, Date.now());
  await audit(ctx, names, true, notAfter);
  return { kind: 'done' };
}

/** Makes the front show a certificate of another authority: its own first, then what leads to a root that the routers trust. */
export async function replaceServer(ctx: Context, certificatePem: string, keyPem: string): Promise<ReplaceOutcome> {
  const refused = (field: 'certificate_pem' | 'key_pem', fault: string): ReplaceOutcome => ({
    kind: 'refused',
    field,
    fault,
  });
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(certificatePem);
  } catch {
    return refused('certificate_pem', 'must be a certificate in PEM, the server’s own first');
  }
  const notAfter = new Date(leaf.validTo);
  if (notAfter.getTime() <= Date.now()) return refused('certificate_pem', 'has ended already');
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(keyPem)))
      return refused('key_pem', 'does not belong to the certificate');
  } catch {
    return refused('key_pem', 'must be a private key in PEM without a password');
  }
  try {
    createSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.2' });
  } catch {
    return refused('certificate_pem', 'cannot be used for TLS; its key may be too weak');
  }
  const names = (leaf.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  await put(
    ctx,
    certificatePem,
    keyPem,
    names.filter((name) => name !== ''),
    notAfter,
  );
  return { kind: 'done' };
}

async function put(
  ctx: Context,
  certificatePem: string,
  keyPem: string,
  names: string[],
  notAfter: Date,
): Promise<void> {
  const key = ctx.secrets.seal(AUTHORITY_KEY, NO_COMPANY, keyPem);
  await ctx.tx
    .$executeRaw`UPDATE radsec_authority SET retired_at = ${ctx.now} WHERE kind = 'server' AND retired_at IS NULL`;
  await ctx.tx.$executeRaw`
    INSERT INTO radsec_authority (kind, certificate_pem, key_enc, names, not_after, ours)
    VALUES ('server', ${certificatePem}, ${key}, ${names}, ${notAfter}, false)`;
  await audit(ctx, names, false, notAfter);
}

async function audit(ctx: Context, names: readonly string[], ours: boolean, notAfter: Date): Promise<void> {
  const detail = { names: [...names], ours, not_after: notAfter };
  await recordAudit(ctx, 'radsec.server', { type: 'radsec_authority', id: 'server' }, detail);
}
