import { isIP } from 'node:net';
import { payAddress } from '../garden';
import { parseNetwork, type Network } from './network';
import { named, row, settings, type Piece, type Recipe, type Step } from './pieces';

/** What the list `expired` may reach: names and the pay page (docs/operate/walled-garden.md). RADIUS names the list alone; these rules give it its meaning. */
export function gardenStep(recipe: Recipe): Step {
  const { host, port } = payAddress(recipe.installation.publicUrl, '');
  const ports = [...new Set(['80', String(port)])].join(',');
  const expired = { chain: 'forward', 'src-address-list': 'expired' };
  const rule = (what: string, fields: Record<string, string>): Piece =>
    row('/ip/firewall/filter', `garden ${what}`, { ...expired, ...fields }, { first: true });
  return {
    name: 'garden',
    pieces: [
      row('/ip/firewall/address-list', 'garden pay page', { list: 'lango-pay', address: host }),
      row(
        '/ip/firewall/nat',
        'garden web',
        {
          chain: 'dstnat',
          'src-address-list': 'expired',
          'dst-address-list': '!lango-pay',
          protocol: 'tcp',
          'dst-port': '80',
          action: 'dst-nat',
          'to-addresses': isIP(host) ? host : { resolve: host },
          'to-ports': '80',
        },
        { first: true },
      ),
      rule('names udp', { protocol: 'udp', 'dst-port': '53', action: 'accept' }),
      rule('names tcp', { protocol: 'tcp', 'dst-port': '53', action: 'accept' }),
      rule('pay page', { protocol: 'tcp', 'dst-address-list': 'lango-pay', 'dst-port': ports, action: 'accept' }),
      rule('refuse tcp', { protocol: 'tcp', action: 'reject', 'reject-with': 'tcp-reset' }),
      rule('refuse', { action: 'reject', 'reject-with': 'icmp-admin-prohibited' }),
    ],
  };
}

/** PPPoE servers, hotspots, and what else was asked for in the console. */
export function servicesSteps(recipe: Recipe): Step[] {
  const { pppoe, hotspot, vlans, pools, queues } = recipe.wanted;
  const names = pppoe.length + hotspot.length > 0 ? [settings('/ip/dns', { 'allow-remote-requests': 'yes' })] : [];
  return [
    { name: 'pppoe', pieces: [...(pppoe.length > 0 ? names : []), ...pppoe.flatMap(dialIn)] },
    {
      name: 'hotspot',
      pieces: [
        ...(hotspot.length > 0 ? names : []),
        ...hotspot.flatMap(wifi),
        ...(hotspot.length > 0 ? openToUs(recipe) : []),
      ],
    },
    {
      name: 'extras',
      pieces: [
        ...vlans.map((one) =>
          named('/interface/vlan', one.name, { 'vlan-id': String(one.vlan_id), interface: one.interface }),
        ),
        ...pools.map((one) => named('/ip/pool', one.name, { ranges: one.ranges })),
        ...queues.map((one) =>
          named('/queue/simple', one.name, { target: one.target, 'max-limit': `${one.up_kbps}k/${one.down_kbps}k` }),
        ),
      ],
    },
  ];
}

/** The interface of a place, its name in other rows' names, and the VLAN that must be made first. */
function placed(one: { interface: string; vlan_id?: number | undefined; network: string }): {
  on: string;
  tag: string;
  before: Piece[];
  network: Network;
} {
  const network = parseNetwork(one.network);
  if (!network) throw new Error(`${one.network} is no network; it was checked when it was taken in.`);
  const plain = one.interface.replace(/[^\w-]/g, '-');
  if (one.vlan_id === undefined) return { on: one.interface, tag: plain, before: [], network };
  const name = `lango-${plain}-vlan${one.vlan_id}`;
  const before = [named('/interface/vlan', name, { 'vlan-id': String(one.vlan_id), interface: one.interface })];
  return { on: name, tag: `${plain}-vlan${one.vlan_id}`, before, network };
}

/** Customers leave with the router's own address: only addresses of the network itself are changed, whatever way out the router has. */
const outward = (tag: string, { network }: Network): Piece =>
  row('/ip/firewall/nat', `nat ${tag}`, {
    chain: 'srcnat',
    'src-address': network,
    'dst-address': `!${network}`,
    action: 'masquerade',
  });

/** Whoever has joined a hotspot and not yet paid reaches our pages, and those of the provider where the site's guests sign in. */
function openToUs({ installation, openHosts }: Recipe): Piece[] {
  const { host } = payAddress(installation.publicUrl, '');
  const others = openHosts.filter((one) => one !== host);
  return [...openHost('pay page', host), ...others.flatMap((one) => openHost(`sign in at ${one}`, one))];
}

/** By address, because the host rules do not see into TLS, and by name. */
function openHost(what: string, host: string): Piece[] {
  const to = isIP(host) ? { 'dst-address': host } : { 'dst-host': host };
  const byAddress = row('/ip/hotspot/walled-garden/ip', what, { ...to, action: 'accept' });
  if (isIP(host)) return [byAddress];
  return [byAddress, row('/ip/hotspot/walled-garden', what, { 'dst-host': host, action: 'allow' })];
}

function dialIn(one: Recipe['wanted']['pppoe'][number]): Piece[] {
  const { on, tag, before, network } = placed(one);
  const name = `lango-pppoe-${tag}`;
  return [
    ...before,
    named('/ip/pool', name, { ranges: network.ranges }),
    // Who comes in without a speed of ours is slow, not unlimited.
    named('/ppp/profile', name, {
      'local-address': network.gateway,
      'remote-address': name,
      'dns-server': network.gateway,
      'change-tcp-mss': 'yes',
      'rate-limit': '1M/1M',
    }),
    {
      kind: 'row',
      menu: '/interface/pppoe-server/server',
      known: { by: 'service-name', as: name },
      fields: {
        interface: on,
        'default-profile': name,
        authentication: 'pap,chap,mschap2',
        'one-session-per-host': 'yes',
        'keepalive-timeout': '10',
        'max-mtu': '1480',
        'max-mru': '1480',
        disabled: 'no',
      },
    },
    outward(name, network),
  ];
}

function wifi(one: Recipe['wanted']['hotspot'][number]): Piece[] {
  const { on, tag, before, network } = placed(one);
  const name = `lango-hotspot-${tag}`;
  return [
    ...before,
    row('/ip/address', name, { address: network.interfaceAddress, interface: on }),
    named('/ip/pool', name, { ranges: network.ranges }),
    named('/ip/dhcp-server', name, { interface: on, 'address-pool': name, 'lease-time': '1h', disabled: 'no' }),
    row('/ip/dhcp-server/network', name, {
      address: network.network,
      gateway: network.gateway,
      'dns-server': network.gateway,
    }),
    named('/ip/hotspot/profile', name, {
      'hotspot-address': network.gateway,
      ...(one.dns_name && { 'dns-name': one.dns_name }),
      'login-by': 'mac,cookie,http-chap,http-pap,mac-cookie',
      'use-radius': 'yes',
      'radius-accounting': 'yes',
      'radius-interim-update': 'received',
    }),
    named('/ip/hotspot', name, { interface: on, 'address-pool': name, profile: name, disabled: 'no' }),
    outward(name, network),
  ];
}
