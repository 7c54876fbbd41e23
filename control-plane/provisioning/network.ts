/** An IPv4 network as RouterOS wants it in its several menus. */
export interface Network {
  /** `10.64.0.0/20` */
  network: string;
  /** Ours: the first address. */
  gateway: string;
  /** `10.64.0.1/20` */
  interfaceAddress: string;
  /** All other addresses: `10.64.0.2-10.64.15.254`. */
  ranges: string;
}

/** Reads `10.64.0.0/20`; undefined unless it is an IPv4 network of 4 to 65,536 addresses written by its first one. */
export function parseNetwork(text: string): Network | undefined {
  const [, dotted = '', bits = ''] = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(text.trim()) ?? [];
  const octets = dotted.split('.').map(Number);
  const length = Number(bits);
  if (dotted === '' || octets.some((octet) => octet > 255) || length < 16 || length > 30) return undefined;
  const first = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - length);
  if (first % size !== 0) return undefined;
  return {
    network: `${dotted}/${length}`,
    gateway: dottedOf(first + 1),
    interfaceAddress: `${dottedOf(first + 1)}/${length}`,
    ranges: `${dottedOf(first + 2)}-${dottedOf(first + size - 2)}`,
  };
}

/** Whether two networks share an address. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [spanOf(a), spanOf(b)];
  return one.first <= other.last && other.first <= one.last;
}

function spanOf(text: string): { first: number; last: number } {
  const [dotted = '', bits = ''] = text.split('/');
  const first = dotted.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return { first, last: first + 2 ** (32 - Number(bits)) - 1 };
}

const dottedOf = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
