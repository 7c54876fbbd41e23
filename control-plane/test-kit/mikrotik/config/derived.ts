import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { Row } from '../../../../radius/routeros';

/** Names that rows get when none is given. */
const PREFIXES: Record<string, string> = {
  '/interface/l2tp-client': 'l2tp-out',
  '/interface/sstp-client': 'sstp-out',
  '/interface/pppoe-client': 'pppoe-out',
  '/ip/hotspot/profile': 'hsprof',
  '/ip/dhcp-server': 'dhcp',
  '/queue/simple': 'queue',
};

/** The name of a row that came without one: `bridge1`, or what the menu's default says. */
export function inventedName(menu: string, rows: readonly Row[], fallback: string | undefined): string {
  const prefix = PREFIXES[menu] ?? (fallback || menu.slice(menu.lastIndexOf('/') + 1)).replace(/\d+$/, '');
  for (let n = 1; ; n++) if (rows.every((row) => row['name'] !== `${prefix}${n}`)) return `${prefix}${n}`;
}

/** Fields that the router works out from others: a WireGuard key, the network of an address. */
export function derived(menu: string, values: Record<string, string>): Record<string, string> {
  if (menu === '/interface/wireguard') return withKeys(values);
  if (menu === '/ip/address') return withNetwork(values);
  if (menu === '/ip/hotspot/ip-binding')
    return {
      ...values,
      bypassed: String(values['type'] === 'bypassed'),
      blocked: String(values['type'] === 'blocked'),
    };
  return values;
}

/** The head of a PKCS #8 file of an X25519 key (RFC 8410); the 32 octets of the key follow. */
const HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex');

function withKeys(values: Record<string, string>): Record<string, string> {
  const given = Buffer.from(values['private-key'] ?? '', 'base64');
  const secret =
    given.length === 32
      ? createPrivateKey({ key: Buffer.concat([HEAD, given]), format: 'der', type: 'pkcs8' })
      : generateKeyPairSync('x25519').privateKey;
  const tail = (der: Buffer): string => der.subarray(-32).toString('base64');
  return {
    ...values,
    'private-key': tail(secret.export({ format: 'der', type: 'pkcs8' })),
    'public-key': tail(createPublicKey(secret).export({ format: 'der', type: 'spki' })),
  };
}

function withNetwork(values: Record<string, string>): Record<string, string> {
  const [address = '', bits = '32'] = (values['address'] ?? '').split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const network = Math.floor(number / size) * size;
  const text = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256).join('.');
  return {
    ...values,
    address: `${address}/${bits}`,
    ...(Number.isFinite(network) && { network: text }),
    'actual-interface': values['interface'] ?? '',
  };
}
