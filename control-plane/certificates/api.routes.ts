import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { issueCertificate } from './issue-certificate';
import { authorityPem, findCertificate, listCertificates } from './queries';
import { revokeCertificate } from './revoke-certificate';
import { certificateAnswer, issuedAnswer, newCertificate, type Certificate, type NewCertificate } from './schema';

async function found(ctx: Context, id: bigint): Promise<Certificate> {
  const certificate = await findCertificate(ctx, id);
  if (!certificate) throw notFound('This certificate');
  return certificate;
}

async function issue(ctx: Context, body: NewCertificate): Promise<z.output<typeof issuedAnswer>> {
  const outcome = await issueCertificate(ctx, body);
  switch (outcome.kind) {
    case 'no_subscription':
      throw invalid({ subscription_id: 'is no subscription of yours' });
    case 'subscription_ended':
      throw conflict(
        'subscription_ended',
        'This subscription has ended for good. Issue the certificate to a running one.',
      );
    case 'too_many':
      throw conflict(
        'too_many_certificates',
        'This subscription has 50 certificates in use. Revoke those no longer needed.',
      );
    case 'no_authority':
      throw conflict('no_authority', 'The authority is not made yet. Start Lango once: npx lango start.');
    case 'done':
      return {
        ...(await found(ctx, outcome.id)),
        certificate_pem: outcome.certificatePem,
        key_pem: outcome.keyPem,
        authority_pem: outcome.authorityPem,
        pkcs12_base64: outcome.pkcs12.toString('base64'),
        pkcs12_password: outcome.password,
      };
  }
}

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/certificates',
    permission: 'subscriptions.read',
    summary: 'List the certificates of customers’ devices (EAP-TLS)',
    query: listQuery.extend({ subscription_id: idField.optional() }),
    answer: z.object({ items: z.array(certificateAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) =>
      listCertificates(ctx, {
        q: query.q,
        subscriptionId: query.subscription_id,
        limit: query.limit,
        before: cursorId(query.cursor),
      }),
  }),
  route({
    method: 'GET',
    path: '/certificates/authority',
    permission: 'subscriptions.read',
    summary: 'Show the authority that 802.1X devices must trust',
    answer: z.object({ certificate_pem: z.string() }),
    async run(ctx) {
      const pem = await authorityPem(ctx);
      if (pem === undefined) throw notFound('The authority');
      return { certificate_pem: pem };
    },
  }),
  route({
    method: 'POST',
    path: '/certificates',
    permission: 'subscriptions.write',
    summary: 'Issue a certificate to a device; its key is shown this once',
    body: newCertificate,
    answer: issuedAnswer,
    run: async (ctx, { body }) => new Reply(201, await issue(ctx, body), {}, 'told_once'),
  }),
  route({
    method: 'GET',
    path: '/certificates/:id',
    permission: 'subscriptions.read',
    summary: 'Show a certificate',
    answer: certificateAnswer,
    run: (ctx, { params }) => found(ctx, params.id),
  }),
  route({
    method: 'DELETE',
    path: '/certificates/:id',
    permission: 'subscriptions.write',
    summary: 'Revoke a certificate; it acts at the next sign-in',
    run: async (ctx, { params }) => {
      if ((await revokeCertificate(ctx, params.id)) === 'not_found') throw notFound('This certificate');
    },
  }),
];
