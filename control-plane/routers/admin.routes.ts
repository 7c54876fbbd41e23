import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages, readerFor } from '../ui';
import { heardAt, printRouter } from './admin.view';
import { createRouter } from './create-router';
import { deleteRouter } from './delete-router';
import { routerList } from './list.routes';
import { findRouter } from './queries';
import { isCertificateAddress, routerAddress, routerName, routerSecret } from './schema';

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

export const pageRoutes: PageRoute[] = [
  ...routerList,
  ...formPages({
    slice: 'routers',
    view: 'routers/new',
    page: '/routers/new',
    post: '/routers',
    permission: 'routers.write',
    form: routerForm,
    draw: ({ values, field }, { t }) => ({
      title: t('routers.new_title'),
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
      type: field('type', {
        options: ['mikrotik', 'other'].map((value) => ({
          value,
          label: t(`routers.type_${value}`),
          selected: value === values['type'],
        })),
      }),
    }),
    async save({ name, address, secret, type, connects, realm }, { ctx, t }) {
      const alone = connects === 'certificate';
      const outcome = await createRouter(
        ctx,
        alone ? { name, type, radsec: true } : { name, type, address, secret, realm: realm || null },
      );
      if (outcome.kind === 'done') return seeOther(`/routers/${outcome.id}${alone ? '/certificate' : ''}`);
      if (outcome.kind === 'shared_differs')
        return { kind: 'refused', errors: { address: t('routers.shared_differs') } };
      const field = outcome.kind === 'name_taken' ? 'name' : 'address';
      return { kind: 'refused', errors: { [field]: t(`routers.${field}_taken`) } };
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
        bySetup: router.type === 'mikrotik' && !isCertificateAddress(router.address),
        seesMonitoring: person.actor.permissions.has('monitoring.read'),
        seesConfigurations: person.actor.permissions.has('configurations.read'),
        seesFirmware: router.type === 'mikrotik' && person.actor.permissions.has('firmware.read'),
        seesRotation: router.type === 'mikrotik' && person.actor.permissions.has('rotation.read'),
        seesDrift: person.actor.permissions.has('drift.read'),
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
