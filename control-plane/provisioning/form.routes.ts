import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { seeOther } from '../platform/http/page';
import { createRouter, newRouter } from '../routers';
import { formPages } from '../ui';
import { keepSetup, nextTunnelAddress } from './issue-line';
import { wanted } from './wanted';

const text = z.string().trim().max(80).default('');
const form = z
  .object({
    name: z.string().trim().min(1).max(64),
    way: z.enum(['tunnel', 'direct']).default('tunnel'),
    address: text,
    pppoe_interface: text,
    pppoe_vlan: text,
    pppoe_network: text,
    hotspot_interface: text,
    hotspot_vlan: text,
    hotspot_network: text,
    hotspot_name: text,
  })
  .transform((typed, check) => {
    const services = wanted.safeParse({
      pppoe: placeOf(typed.pppoe_interface, typed.pppoe_vlan, typed.pppoe_network),
      hotspot: placeOf(typed.hotspot_interface, typed.hotspot_vlan, typed.hotspot_network).map((place) => ({
        ...place,
        ...(typed.hotspot_name && { dns_name: typed.hotspot_name }),
      })),
    });
    const fields: Record<string, string> = {
      interface: 'interface',
      vlan_id: 'vlan',
      network: 'network',
      dns_name: 'name',
    };
    for (const { path } of services.error?.issues ?? [])
      check.addIssue({
        code: 'custom',
        path: [`${String(path[0])}_${fields[String(path.at(-1))] ?? 'network'}`],
        message: 'is wrong',
      });
    const address = newRouter.safeParse({ name: 'x', address: typed.address, secret: 'x' });
    if (typed.way === 'direct' && !address.success)
      check.addIssue({ code: 'custom', path: ['address'], message: 'is needed' });
    return { ...typed, services: services.data ?? wanted.parse({}) };
  });

/** Nothing typed: no such service. */
function placeOf(on: string, vlan: string, network: string): Record<string, unknown>[] {
  if (on === '' && vlan === '' && network === '') return [];
  return [{ interface: on, network, ...(vlan && { vlan_id: Number(vlan) }) }];
}

/** A router by its name: it needs no address, as its tunnel gives it one, and no secret, as its script brings one. */
export const newRouterForm = formPages({
  slice: 'provisioning',
  view: 'provisioning/new',
  page: '/routers/setup',
  post: '/routers/setup',
  permission: 'routers.write',
  form,
  draw: ({ values, field }, { t }) => ({
    title: t('provisioning.new_title'),
    name: field('name', { required: true, autocomplete: 'off', max: 64 }),
    way: field('way', {
      help: t('provisioning.way_help'),
      options: ['tunnel', 'direct'].map((value) => ({
        value,
        label: t(`provisioning.way_${value}`),
        selected: value === values['way'],
      })),
    }),
    address: field('address', { autocomplete: 'off', help: t('provisioning.address_help') }),
    pppoe: ['pppoe_interface', 'pppoe_vlan', 'pppoe_network'].map((name) =>
      field(name, { autocomplete: 'off', max: 80, help: t(`provisioning.${name}_help`) }),
    ),
    hotspot: ['hotspot_interface', 'hotspot_vlan', 'hotspot_network', 'hotspot_name'].map((name) =>
      field(name, { autocomplete: 'off', max: 80, help: t(`provisioning.${name}_help`) }),
    ),
  }),
  async save({ name, way, address: typed, services }, { ctx, t }) {
    const address = way === 'tunnel' ? await nextTunnelAddress(ctx) : typed;
    // Nobody is told this one: the script brings another.
    const outcome = await createRouter(ctx, {
      name,
      address,
      secret: randomBytes(24).toString('base64url'),
      type: 'mikrotik',
    });
    if (outcome.kind === 'name_taken') return { kind: 'refused', errors: { name: t('provisioning.name_taken') } };
    if (outcome.kind !== 'done') return { kind: 'refused', errors: { address: t('provisioning.address_taken') } };
    await keepSetup(ctx, outcome.id, { way, wanted: services, ...(way === 'tunnel' && { tunnelAddress: address }) });
    return seeOther(`/routers/${outcome.id}/setup`);
  },
});
