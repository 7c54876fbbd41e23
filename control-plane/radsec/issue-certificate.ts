import { randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { issueCertificate, packPkcs12, requestFault, type IssuedCertificate } from '../platform/x509';
import { findIdentity, signerOf } from './authority';
import { runIn } from './change-authority';

export interface NewCertificate {
  days: number;
  csr?: string | undefined;
}

/** What leaves the house once: nothing of it but the certificate's own data is kept. */
export interface Handover {
  id: bigint;
  certificatePem: string;
  keyPem: string | null;
  /** All that it must trust. */
  caPem: string;
  pkcs12: Buffer | null;
  pkcs12Password: string | null;
}

export type IssueOutcome =
  | { kind: 'done'; handover: Handover }
  | { kind: 'not_found' }
  | { kind: 'no_authority' }
  | { kind: 'too_many' }
  | { kind: 'bad_request'; fault: string };

const DAY_MS = 86_400_000;
/** Valid ones per router: the one in use, its successor, and some for a spare device. */
const MOST_PER_ROUTER = 5;

/**
 * Issues a certificate with which a router connects to the RadSec port, and gives the router its loopback address. Earlier ones stay valid until they
 * are revoked or run out, so that a router can be moved over without a gap. FreeRADIUS, listener and front know it within 2 s.
 */
export async function issueRouterCertificate(
  ctx: Context,
  routerId: bigint,
  input: NewCertificate,
): Promise<IssueOutcome> {
  const fault = input.csr === undefined ? undefined : requestFault(input.csr);
  if (fault !== undefined) return { kind: 'bad_request', fault };
  const [router] = await ctx.tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM nas WHERE id = ${routerId} AND tenant_id = ${ctx.tenantId} FOR UPDATE`;
  if (!router) return { kind: 'not_found' };
  const [held] = await ctx.tx.$queryRaw<{ n: bigint }[]>`
    SELECT count(*) AS n FROM radsec_certificate WHERE nas_id = ${routerId} AND revoked_at IS NULL AND not_after > clock_timestamp()`;
  if ((held?.n ?? 0n) >= BigInt(MOST_PER_ROUTER)) return { kind: 'too_many' };
  const run = runIn(ctx);
  const authority = await findIdentity(run, 'ca');
  if (!authority) return { kind: 'no_authority' };
  const outgoing = await findIdentity(run, 'outgoing');
  // TLS looks at the machine's clock.
  const now = new Date();
  const issued = await issueCertificate(signerOf(authority, ctx.secrets), {
    commonName: router.name,
    purpose: 'client',
    notBefore: now,
    notAfter: new Date(Math.min(now.getTime() + input.days * DAY_MS, authority.notAfter_ms)),
    ...(input.csr === undefined ? {} : { request: input.csr }),
  });
  const id = await keep(ctx, routerId, router.name, issued, BigInt(authority.id));
  await recordAudit(
    ctx,
    'radsec.issue',
    { type: 'nas', id: routerId },
    { certificate: id, serial: issued.serial, not_after: issued.notAfter },
  );
  // While authorities change the port shows a certificate of the old one, and of the new one afterwards: the router is told both.
  const trusted = [authority, ...(outgoing ? [outgoing] : [])].map((one) => one.certificatePem);
  return { kind: 'done', handover: { id, ...packed(issued, trusted, router.name) } };
}

async function keep(
  ctx: Context,
  routerId: bigint,
  name: string,
  issued: IssuedCertificate,
  authorityId: bigint,
): Promise<bigint> {
  const secret = randomBytes(24).toString('base64url');
  await ctx.tx.$queryRaw`SELECT radsec_take_in(${routerId}, ${secret})::text`;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO radsec_certificate (tenant_id, nas_id, serial, fingerprint, subject, key_is_theirs, issued_by, not_after, authority_id)
    VALUES (${ctx.tenantId}, ${routerId}, ${issued.serial}, ${issued.fingerprint}, ${name}, ${issued.keyPem === undefined}, ${ctx.actor.name}, ${issued.notAfter}, ${authorityId})
    RETURNING id`;
  if (!row) throw new Error('The new certificate has no id.');
  return row.id;
}

function packed(issued: IssuedCertificate, trusted: readonly string[], name: string): Omit<Handover, 'id'> {
  const { certificatePem, keyPem } = issued;
  const caPem = trusted.join('');
  if (keyPem === undefined) return { certificatePem, caPem, keyPem: null, pkcs12: null, pkcs12Password: null };
  const pkcs12Password = randomBytes(12).toString('base64url');
  const pkcs12 = packPkcs12({ certificatePem, keyPem }, trusted, pkcs12Password, name);
  return { certificatePem, caPem, keyPem, pkcs12, pkcs12Password };
}
