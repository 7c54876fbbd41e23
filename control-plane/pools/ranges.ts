import { isIPv4, isIPv6 } from 'node:net';

/** A stretch of addresses, and how many customers it has room for. */
export interface Range {
  first: string;
  last: string;
  size: bigint;
  written: string;
}

export type PoolKind = 'ipv4' | 'ipv6' | 'delegated' | 'static';

/** What a bigint column and a JSON number can both hold. */
const SIZE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Reads ranges as people write them, parted by commas, blanks or lines: 10.0.0.2-10.0.0.254 or 10.0.0.0/24, and 2001:db8::/40 for IPv6, where each
 * customer gets a prefix of `eachLength`. undefined when one cannot be read, runs backwards, or overlaps another.
 */
export function readRanges(text: string, kind: PoolKind, eachLength: number): Range[] | undefined {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const read = parts.map((part) => (kind === 'ipv4' || kind === 'static' ? readV4(part) : readV6(part, eachLength)));
  if (read.length === 0 || read.length > 64) return undefined;
  const all = read.flatMap((range) => range ?? []);
  const sorted = [...all].sort((a, b) => (a.from < b.from ? -1 : 1));
  const clash = sorted.some((range, at) => at > 0 && range.from <= (sorted[at - 1]?.to ?? -1n));
  return all.length < read.length || clash
    ? undefined
    : all.map(({ from, to, size, written, show }) => ({ first: show(from), last: show(to), size, written }));
}

interface Stretch {
  from: bigint;
  to: bigint;
  size: bigint;
  written: string;
  show: (value: bigint) => string;
}

function readV4(part: string): Stretch | undefined {
  const [left = '', right] = part.split('-');
  const [address = '', length] = left.split('/');
  if (!isIPv4(address) || (right !== undefined && (length !== undefined || !isIPv4(right)))) return undefined;
  const show = (value: bigint) => [24n, 16n, 8n, 0n].map((bits) => (value >> bits) & 255n).join('.');
  const from = v4(address);
  const to = right === undefined ? endOf(from, length, 32) : v4(right);
  return to === undefined || to < from ? undefined : { from, to, size: to - from + 1n, written: part, show };
}

function readV6(part: string, eachLength: number): Stretch | undefined {
  const [address = '', length] = part.split('/');
  if (!isIPv6(address) || address.includes('.') || length === undefined) return undefined;
  const from = v6(address);
  const to = endOf(from, length, 128);
  if (to === undefined || eachLength < Number(length) || eachLength > 128) return undefined;
  const room = 1n << BigInt(eachLength - Number(length));
  return { from, to, size: room > SIZE_MAX ? SIZE_MAX : room, written: part, show: showV6 };
}

/** The last address of a prefix; undefined where the prefix is none, or bits stand behind it. */
function endOf(from: bigint, length: string | undefined, bits: number): bigint | undefined {
  if (length === undefined) return from;
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) return undefined;
  const host = (1n << BigInt(bits - Number(length))) - 1n;
  return (from & host) === 0n ? from + host : undefined;
}

const v4 = (address: string): bigint => address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);

function v6(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function showV6(value: bigint): string {
  return Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - 16 * at)) & 65_535n).toString(16)).join(':');
}
