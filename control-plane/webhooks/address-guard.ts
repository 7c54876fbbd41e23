import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv4 } from 'node:net';

/** An address that a webhook may go to, or why there is none. */
export type Guarded =
  { kind: 'address'; address: string; family: 4 | 6 } | { kind: 'refused' } | { kind: 'unresolved' };

/**
 * IANA's special-purpose IPv4 registry: this host, private, carrier NAT, link-local (cloud metadata is 169.254.169.254), documentation,
 * benchmarks, multicast, reserved.
 */
const specialV4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
/** Inside global unicast 2000::/3: Teredo and its neighbours, documentation, 6to4 (which carries an IPv4 address). */
const specialV6: [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [net, bits] of specialV4) special.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of specialV6) special.addSubnet(net, bits, 'ipv6');
const globalV6 = new BlockList();
globalV6.addSubnet('2000::', 3, 'ipv6');

/** Whether everybody on the internet reaches the same machine under this address. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  return isIP(address) === 6 && globalV6.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

/** The networks that an operator opened (LANGO_INSECURE_WEBHOOK_NETWORKS). */
export function openNetworks(networks: readonly string[]): (address: string) => boolean {
  const open = new BlockList();
  for (const network of networks) {
    const [net = '', bits = ''] = network.split('/');
    open.addSubnet(net, Number(bits), isIPv4(net) ? 'ipv4' : 'ipv6');
  }
  return (address) => open.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/**
 * Where a URL's host leads, for connecting to exactly that address: asked again, a name could answer differently. Public addresses by https
 * only; into the networks that the operator opened without TLS too. A name with one forbidden address beside good ones is refused as a whole.
 */
export async function guardHost(url: URL, networks: readonly string[]): Promise<Guarded> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isOpen = openNetworks(networks);
  const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host);
  if (found.length === 0) return { kind: 'unresolved' };
  const may = found.every(({ address }) => isOpen(address) || (url.protocol === 'https:' && isPublicAddress(address)));
  const first = found[0];
  if (!may || !first) return { kind: 'refused' };
  return { kind: 'address', address: first.address, family: first.family === 6 ? 6 : 4 };
}

async function resolve(host: string): Promise<{ address: string; family: number }[]> {
  try {
    return await lookup(host, { all: true });
  } catch {
    return [];
  }
}
