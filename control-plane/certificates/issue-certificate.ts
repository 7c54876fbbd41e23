import { randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { issueCertificate as sign, packPkcs12 } from '../platform/x509';
import { inDays, openKey } from './authority';
import type { NewCertificate } from './schema';

export type IssueOutcome =
  | {
      kind: 'done';
      id: bigint;
      certificatePem: string;
      keyPem: string;
      authorityPem: string;
      pkcs12: Buffer;
      password: string;
    }
  | { kind: 'no_subscription' }
  | { kind: 'subscription_ended' }
  | { kind: 'too_many' }
  | { kind: 'no_authority' };

/** Devices of one subscription that may hold a certificate at a time. */
const MOST = 50;
const USUAL_DAYS = 730;

/** Issues a certificate to a device of a subscription. Its key is in the outcome and nowhere else: who loses it gets a new one. */
export async function issueCertificate(ctx: Context, input: NewCertificate): Promise<IssueOutcome> {
  // The row is held, so that the count stays right beside others who issue.
  const [subscription] = await ctx.tx.$queryRaw<{ username: string; status: string; held: bigint }[]>`
    SELECT s.username, s.status,
           (SELECT count(*) FROM certificate c WHERE c.subscription_id = s.id AND c.revoked_at IS NULL AND c.not_after > now()) AS held
    FROM subscription s WHERE s.tenant_id = ${ctx.tenantId} AND s.id = ${input.subscription_id} FOR UPDATE OF s`;
  if (!subscription) return { kind: 'no_subscription' };
  if (subscription.status === 'ended') return { kind: 'subscription_ended' };
  if (subscription.held >= MOST) return { kind: 'too_many' };
  const [issuer] = await ctx.tx.$queryRaw<
    { certificate_pem: string; key_enc: Uint8Array }[]
  >`SELECT certificate_pem, key_enc FROM certificate_issuer()`;
  if (!issuer) return { kind: 'no_authority' };

  const signer = { certificatePem: issuer.certificate_pem, keyPem: openKey(ctx.secrets, issuer.key_enc) };
  const now = new Date();
  const notAfter = inDays(now, input.days ?? USUAL_DAYS);
  const made = await sign(signer, { commonName: subscription.username, purpose: 'client', notBefore: now, notAfter });
  if (made.keyPem === undefined) throw new Error('A certificate of ours came without its key.');
  const serial = made.serial.toLowerCase().replace(/^0+/, '');
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO certificate (tenant_id, subscription_id, serial, name, issued_at, not_after)
    VALUES (${ctx.tenantId}, ${input.subscription_id}, ${serial}, ${input.name}, ${ctx.now}, ${notAfter}) RETURNING id`;
  if (!row) throw new Error('The new certificate has no id.');
  const about = { subscription_id: input.subscription_id.toString(), name: input.name, serial };
  await recordAudit(ctx, 'certificates.issue', { type: 'certificate', id: row.id }, about);
  const password = randomBytes(9).toString('base64url');
  const leaf = { certificatePem: made.certificatePem, keyPem: made.keyPem };
  const pkcs12 = packPkcs12(leaf, [signer.certificatePem], password, input.name);
  return { kind: 'done', id: row.id, ...leaf, authorityPem: signer.certificatePem, pkcs12, password };
}
