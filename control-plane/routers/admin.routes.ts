import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, formatMoment, formatSpan, pagerOf, readerFor, stateBadge } from '../ui';
import type { Reader, StateBadge } from '../ui';
import { createRouter } from './create-router';
import { deleteRouter } from './delete-router';
import { findRouter, listRouters } from './queries';
import { isCertificateAddress, routerAddress, routerName, routerSecret } from './schema';
import type { Router } from './schema';

/** A router with people online that says nothing for this long is called silent. */
const SILENT_AFTER_MS = 15 * 60_000;
const routerForm = z
  .object({
    connects: z.enum(['address', 'certificate']).default('address'),
    name: routerName,
    type: z.enum(['mikrotik', 'other']).default('mikrotik'),
    address: z.string().trim().default(''),
    secret: z.string().default(''),
    realm: z.string().trim().max(64).default(''),
  })
  .superRefine((form, check) => {
    if (form.connects === 'certificate') return;
    const { address, secret } = form;
    for (const [name, good] of [
      ['address', routerAddress.safeParse(address).success],
      ['secret', routerSecret.safeParse(secret).success],
    ] as const)
      if (!good) check.addIssue({ code: 'custom', path: [name], message: 'is needed' });
  });

function heardAt(router: Router): Date | null {
  const times = [router.last_accounting_at, router.last_access_at]
    .filter((at) => at !== null)
    .map((at) => new Date(at));
  return times.length === 0 ? null : new Date(Math.max(...times.map(Number)));
}

function routerState(router: Router, reader: Reader): StateBadge {
  const { t, nowMs } = reader;
  const heard = heardAt(router);
  if (!heard) {
    const { address } = router;
    const why = isCertificateAddress(address)
      ? t('routers.why_unknown_certificate')
      : t('routers.why_unknown', { address });
    return stateBadge('unknown', reader, { why });
  }
  const span = formatSpan(nowMs - heard.getTime());
  if (router.live_sessions > 0 && nowMs - heard.getTime() > SILENT_AFTER_MS)
    return stateBadge('silent', reader, { why: t('routers.why_silent', { span }) });
  if (router.coa_silent_since)
    return stateBadge('stale', reader, { word: t('routers.deaf'), why: t('routers.why_deaf') });
  return stateBadge('up', reader);
}

function printRouter(router: Router, reader: Reader) {
  const { t } = reader;
  const heard = heardAt(router);
  const acked = router.coa_last_ack_at;
  return {
    id: router.id,
    name: router.name,
    identity: router.identity ?? t(`routers.type_${router.type}`),
    href: `/routers/${router.id}`,
    state: routerState(router, reader),
    address: isCertificateAddress(router.address) ? t('routers.by_certificate') : router.address,
    policy: router.realm
      ? `${t('routers.behind_realm', { realm: router.realm })}, ${t(`routers.policy_${router.message_authenticator}`)}`
      : t(`routers.policy_${router.message_authenticator}`),
    warnings: router.warnings.map(({ code }) => t(`routers.warning_${code}`)),
    heard: heard ? t('routers.ago', { span: formatSpan(reader.nowMs - heard.getTime()) }) : '–',
    acked: acked ? t('routers.acked', { at: formatMoment(new Date(acked), reader) }) : t('routers.never_acked'),
    online: String(router.live_sessions),
    sessions: `/sessions?router=${router.id}`,
  };
}

function formModel(values: Record<string, string>, errors: Record<string, string>, reader: Reader) {
  const { t } = reader;
  const field = fieldsOf('routers', values, errors, reader);
  const types = ['mikrotik', 'other'].map((value) => ({
    value,
    label: t(`routers.type_${value}`),
    selected: value === values['type'],
  }));
  return {
    title: t('routers.new_title'),
    errors: formErrors(errors),
    name: field('name', { required: true, autocomplete: 'off', max: 64 }),
    connects: field('connects', {
      options: ['address', 'certificate'].map((value) => ({
        value,
        label: t(`routers.connects_${value}`),
        selected: value === values['connects'],
      })),
    }),
    address: field('address', { autocomplete: 'off', help: t('routers.address_help') }),
    // A good secret is offered, so that nobody has to invent one.
    secret: field('secret', {
      autocomplete: 'off',
      max: 60,
      value: values['secret'] ?? randomBytes(18).toString('base64url'),
      help: t('routers.secret_help'),
    }),
    realm: field('realm', { autocomplete: 'off', max: 64, help: t('routers.realm_help') }),
    type: field('type', { options: types }),
  };
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/routers',
    permission: 'routers.read',
    query: listQuery.extend({ removed: z.string().max(5).optional() }),
    async run(ctx, { query }, web, person) {
      const reader = readerFor(ctx, person);
      const page = await listRouters(ctx, {
        q: query.q || undefined,
        limit: query.limit,
        before: cursorId(query.cursor),
      });
      const mayAdd = person.actor.permissions.has('routers.write');
      const search = new URLSearchParams(web.query);
      return view('routers/list', {
        title: reader.t('routers.title'),
        live: 'router',
        mayAdd,
        seesCertificates: person.actor.permissions.has('radsec.read'),
        told: query.removed && { text: reader.t('routers.removed') },
        rows: page.items.map((router) => printRouter(router, reader)),
        empty: {
          text: reader.t('routers.empty'),
          ...(mayAdd ? { href: '/routers/new', step: reader.t('routers.add'), action: true } : {}),
        },
        pager: pagerOf('/routers', search, { cursor: query.cursor, next: page.nextCursor, limit: query.limit }, reader),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/routers/new',
    permission: 'routers.write',
    run: (ctx, _input, _web, person) => Promise.resolve(view('routers/new', formModel({}, {}, readerFor(ctx, person)))),
  }),
  pageRoute({
    method: 'POST',
    path: '/routers',
    permission: 'routers.write',
    form: routerForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const again = (values: Record<string, string>, fields: Record<string, string>) =>
        view('routers/new', formModel(values, fields, reader), { status: 422 });
      if (!form.ok)
        return again(
          form.values,
          Object.fromEntries(Object.keys(form.fields).map((name) => [name, reader.t(`routers.${name}_needed`)])),
        );
      const { name, address, secret, type, connects, realm } = form.value;
      const alone = connects === 'certificate';
      const outcome = await createRouter(
        ctx,
        alone ? { name, type, radsec: true } : { name, type, address, secret, realm: realm || null },
      );
      if (outcome.kind === 'done') return seeOther(`/routers/${outcome.id}${alone ? '/certificate' : ''}`);
      const values = { name, address, secret, type, connects, realm };
      if (outcome.kind === 'shared_differs') return again(values, { address: reader.t('routers.shared_differs') });
      const field = outcome.kind === 'name_taken' ? 'name' : 'address';
      return again(values, { [field]: reader.t(`routers.${field}_taken`) });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/routers/:id',
    permission: 'routers.read',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const router = await findRouter(ctx, params.id);
      if (!router) throw notFound('That router');
      const printed = printRouter(router, reader);
      return view('routers/router', {
        title: router.name,
        live: 'router',
        mayExplain: person.actor.permissions.has('access.explain'),
        mayRemove: person.actor.permissions.has('routers.write'),
        seesCertificates: person.actor.permissions.has('radsec.read'),
        router: {
          ...printed,
          state: { ...printed.state, tinted: true },
          coaPort: router.coa_port,
          waiting: heardAt(router) === null && !isCertificateAddress(router.address),
        },
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/remove',
    permission: 'routers.write',
    async run(ctx, { params }) {
      if ((await deleteRouter(ctx, params.id)) === 'not_found') throw notFound('That router');
      return seeOther('/routers?removed=yes');
    },
  }),
];
