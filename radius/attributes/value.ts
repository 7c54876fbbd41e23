import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './address';
import type { AttributeType, TypeMap } from './definition';

interface ValueCodec<V> {
  /** The value, or undefined when the octets have the wrong length for the type. */
  decode(bytes: Buffer): V | undefined;
  /** The octets; throws RangeError for a value that the type cannot hold. */
  encode(value: V): Buffer;
}

/** Reading and writing of values by type (RFC 2865 section 5, RFC 3162 section 2, RFC 4818 section 3). */
export const CODECS: { [T in AttributeType]: ValueCodec<TypeMap[T]> } = {
  // Octets that are no UTF-8 become U+FFFD here; whoever must tell such names apart reads the octets.
  string: { decode: (bytes) => bytes.toString('utf8'), encode: (text) => Buffer.from(text, 'utf8') },
  octets: { decode: (bytes) => bytes, encode: (bytes) => bytes },
  integer: { decode: (bytes) => (bytes.length === 4 ? bytes.readUInt32BE(0) : undefined), encode: encodeInteger },
  integer64: {
    decode: (bytes) => (bytes.length === 8 ? bytes.readBigUInt64BE(0) : undefined),
    encode: (value) => {
      if (value < 0n || value >= 1n << 64n) throw new RangeError(`${value} does not fit into 64 bits`);
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(value);
      return bytes;
    },
  },
  date: {
    decode: (bytes) => (bytes.length === 4 ? new Date(bytes.readUInt32BE(0) * 1000) : undefined),
    encode: (value) => encodeInteger(Math.floor(value.getTime() / 1000)),
  },
  ipaddr: {
    decode: (bytes) => (bytes.length === 4 ? formatIpv4(bytes) : undefined),
    encode: (text) => required(parseIpv4(text), 'IPv4 address', text),
  },
  ipv6addr: {
    decode: (bytes) => (bytes.length === 16 ? formatIpv6(bytes) : undefined),
    encode: (text) => required(parseIpv6(text), 'IPv6 address', text),
  },
  ipv6prefix: {
    decode: decodePrefix,
    encode: (text) => required(encodePrefix(text), 'IPv6 prefix', text),
  },
  ifid: {
    decode: (bytes) => (bytes.length === 8 ? (bytes.toString('hex').match(/.{4}/g) ?? []).join(':') : undefined),
    encode: (text) => required(encodeInterfaceId(text), 'interface id', text),
  },
};

function encodeInteger(value: number): Buffer {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new RangeError(`${value} is not a whole number of 32 bits`);
  }
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** RFC 3162 section 2.3: a reserved octet, the prefix length, then as many octets of the prefix as the sender likes. */
function decodePrefix(bytes: Buffer): string | undefined {
  const length = bytes[1];
  if (length === undefined || bytes.length > 18 || length > 128 || bytes.length - 2 < Math.ceil(length / 8))
    return undefined;
  const address = Buffer.alloc(16);
  bytes.copy(address, 0, 2);
  return `${formatIpv6(address)}/${length}`;
}

function encodePrefix(text: string): Buffer | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parseIpv6(match?.[1] ?? '');
  const length = Number(match?.[2]);
  if (address === undefined || length > 128) return undefined;
  return Buffer.concat([Buffer.of(0, length), address]);
}

function encodeInterfaceId(text: string): Buffer | undefined {
  if (!/^([0-9a-f]{1,4}:){3}[0-9a-f]{1,4}$/i.test(text)) return undefined;
  return Buffer.from(
    text
      .split(':')
      .map((group) => group.padStart(4, '0'))
      .join(''),
    'hex',
  );
}

function required(bytes: Buffer | undefined, what: string, text: string): Buffer {
  if (bytes === undefined) throw new RangeError(`"${text}" is not an ${what}`);
  return bytes;
}
