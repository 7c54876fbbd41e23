/** A router as the listener knows it. */
export interface Nas {
  id: string;
  tenantId: string;
  name: string;
  address: string;
  secret: Buffer;
  type: 'mikrotik' | 'other';
}

/** IPv4 in IPv6 clothes and zones are undressed, so that one router has one key. */
export function plainAddress(address: string): string {
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7);
  const zone = address.indexOf('%');
  return zone === -1 ? address : address.slice(0, zone);
}
