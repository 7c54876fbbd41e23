import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { beginAuthorityChange, endAuthorityChange } from './change-authority';
import { issueRouterCertificate, type Handover } from './issue-certificate';
import { findCertificate, findServer, listCertificates, routerName } from './queries';
import { renewServer, replaceServer, type ReplaceOutcome } from './replace-server';
import { revokeCertificate } from './revoke-certificate';
import {
  certificateAnswer,
  endChangeBody,
  issueBody,
  issuedAnswer,
  renewServerBody,
  replaceServerBody,
  revokeBody,
  serverAnswer,
  type Certificate,
  type Issued,
} from './schema';

const page = z.object({ items: z.array(certificateAnswer), nextCursor: z.string().nullable() });

async function shown(ctx: Context, id: bigint): Promise<Certificate> {
  const found = await findCertificate(ctx, id);
  if (!found) throw notFound('This certificate');
  return found;
}

async function issued(ctx: Context, h: Handover): Promise<Issued> {
  return {
    ...(await shown(ctx, h.id)),
    certificate_pem: h.certificatePem,
    key_pem: h.keyPem,
    ca_pem: h.caPem,
    pkcs12: h.pkcs12?.toString('base64') ?? null,
    pkcs12_password: h.pkcs12Password,
  };
}

const noAuthority = () =>
  conflict(
    'no_authority',
    'This installation has no authority for RadSec yet. It is made by lango start: start it once.',
  );

async function serverNow(ctx: Context, outcome: ReplaceOutcome = { kind: 'done' }) {
  if (outcome.kind === 'refused') throw invalid({ [outcome.field]: outcome.fault });
  const server = outcome.kind === 'done' ? await findServer(ctx) : undefined;
  if (!server) throw noAuthority();
  return server;
}

export const apiRoutes = [
  route({
    method: 'POST',
    path: '/routers/:id/certificate',
    permission: 'radsec.write',
    summary: 'Issue a router a certificate for RadSec; its key is told this once',
    body: issueBody,
    answer: issuedAnswer,
    run: async (ctx, { params, body }) => {
      const outcome = await issueRouterCertificate(ctx, params.id, body);
      switch (outcome.kind) {
        case 'not_found':
          throw notFound('This router');
        case 'no_authority':
          throw noAuthority();
        case 'too_many':
          throw conflict(
            'too_many_certificates',
            'This router has five valid certificates. Revoke those that are not in use.',
          );
        case 'bad_request':
          throw invalid({ csr: outcome.fault });
        case 'done':
          return new Reply(201, await issued(ctx, outcome.handover), {}, 'told_once');
      }
    },
  }),
  route({
    method: 'GET',
    path: '/routers/:id/certificates',
    permission: 'radsec.read',
    summary: 'List the certificates of a router',
    query: listQuery,
    answer: page,
    run: async (ctx, { params, query }) => {
      if ((await routerName(ctx, params.id)) === undefined) throw notFound('This router');
      return listCertificates(ctx, { routerId: params.id, limit: query.limit, before: cursorId(query.cursor) });
    },
  }),
  route({
    method: 'GET',
    path: '/radsec/certificates',
    permission: 'radsec.read',
    summary: 'List the certificates of all routers',
    query: listQuery.extend({ authority: z.enum(['current', 'old']).optional() }),
    answer: page,
    run: (ctx, { query: { q, authority, limit, cursor } }) =>
      listCertificates(ctx, { q, authority, limit, before: cursorId(cursor) }),
  }),
  route({
    method: 'GET',
    path: '/radsec/certificates/:id',
    permission: 'radsec.read',
    summary: 'Show a certificate',
    answer: certificateAnswer,
    run: (ctx, { params }) => shown(ctx, params.id),
  }),
  route({
    method: 'POST',
    path: '/radsec/certificates/:id/revoke',
    permission: 'radsec.write',
    summary: 'Revoke a certificate; its connection ends within 2 s',
    status: 200,
    body: revokeBody,
    answer: certificateAnswer,
    run: async (ctx, { params, body }) => {
      if ((await revokeCertificate(ctx, params.id, body.reason)) === 'not_found') throw notFound('This certificate');
      return shown(ctx, params.id);
    },
  }),
  route({
    method: 'GET',
    path: '/radsec/server',
    permission: 'radsec.read',
    summary: 'Show the certificate of the RadSec port and the authority that routers must trust',
    answer: serverAnswer,
    run: (ctx) => serverNow(ctx),
  }),
  route({
    method: 'POST',
    path: '/radsec/server/renew',
    permission: 'radsec.authority',
    summary: 'Make the RadSec port a new certificate with these names',
    status: 200,
    body: renewServerBody,
    answer: serverAnswer,
    run: async (ctx, { body }) => serverNow(ctx, await renewServer(ctx, body.names)),
  }),
  route({
    method: 'POST',
    path: '/radsec/authority/change',
    permission: 'radsec.authority',
    summary: 'Make a new authority for the certificates of routers; those of the one before stay valid meanwhile',
    status: 200,
    answer: serverAnswer,
    run: async (ctx) => {
      switch (await beginAuthorityChange(ctx)) {
        case 'no_authority':
          throw noAuthority();
        case 'under_way':
          throw conflict('change_under_way', 'Authorities are being changed already. End that change first.');
        case 'done':
          return serverNow(ctx);
      }
    },
  }),
  route({
    method: 'POST',
    path: '/radsec/authority/change/end',
    permission: 'radsec.authority',
    summary: 'End the trust in the authority before',
    status: 200,
    body: endChangeBody,
    answer: serverAnswer,
    run: async (ctx, { body }) => {
      const outcome = await endAuthorityChange(ctx, body.cut_off);
      switch (outcome.kind) {
        case 'not_under_way':
          throw conflict('no_change', 'There is one authority only: no change is under way.');
        case 'still_used':
          throw conflict(
            'still_used',
            `${outcome.routers} routers still hold valid certificates of the old authority. Issue them new ones and revoke the old, or send cut_off: true.`,
          );
        case 'done':
          return serverNow(ctx);
      }
    },
  }),
  route({
    method: 'PUT',
    path: '/radsec/server',
    permission: 'radsec.authority',
    summary: 'Give the RadSec port a certificate of another authority',
    body: replaceServerBody,
    answer: serverAnswer,
    run: async (ctx, { body }) => serverNow(ctx, await replaceServer(ctx, body.certificate_pem, body.key_pem)),
  }),
];
