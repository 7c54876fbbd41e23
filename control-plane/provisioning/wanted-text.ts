import type { z } from 'zod';
import { wanted, type Wanted } from './wanted';

/** What a router is to serve as people type it: a line for each thing, its parts with commas between. */
export const wantedFields = [
  'wanted_pppoe',
  'wanted_hotspot',
  'wanted_vlans',
  'wanted_pools',
  'wanted_queues',
] as const;
export type WantedText = Record<(typeof wantedFields)[number], string>;

/** Reads the lines; `wrong` names the fields that hold a line which cannot be. */
export function readWantedText(
  text: WantedText,
): { kind: 'wanted'; wanted: Wanted } | { kind: 'wrong'; fields: string[] } {
  const read = wanted.safeParse({
    pppoe: linesOf(text.wanted_pppoe).map(placeOf),
    hotspot: linesOf(text.wanted_hotspot).map((parts) => ({ ...placeOf(parts), ...nameOf(parts) })),
    vlans: linesOf(text.wanted_vlans).map(([name, number, on]) => ({ name, vlan_id: numberOf(number), interface: on })),
    pools: linesOf(text.wanted_pools).map(([name, ...ranges]) => ({ name, ranges: ranges.join(',') })),
    queues: linesOf(text.wanted_queues).map(([name, target, up, down]) => ({
      name,
      target,
      up_kbps: numberOf(up),
      down_kbps: numberOf(down),
    })),
  } satisfies Record<keyof z.input<typeof wanted>, unknown>);
  if (read.success) return { kind: 'wanted', wanted: read.data };
  return { kind: 'wrong', fields: [...new Set(read.error.issues.map(({ path }) => `wanted_${String(path[0])}`))] };
}

/** The same lines again. */
export function printWanted({ pppoe, hotspot, vlans, pools, queues }: Wanted): WantedText {
  const lines = (all: (string | number | undefined)[][]): string =>
    all.map((parts) => parts.filter((part) => part !== undefined).join(', ')).join('\n');
  return {
    wanted_pppoe: lines(pppoe.map((one) => [one.interface, one.network, one.vlan_id])),
    wanted_hotspot: lines(hotspot.map((one) => [one.interface, one.network, one.vlan_id, one.dns_name])),
    wanted_vlans: lines(vlans.map((one) => [one.name, one.vlan_id, one.interface])),
    wanted_pools: lines(pools.map((one) => [one.name, one.ranges])),
    wanted_queues: lines(queues.map((one) => [one.name, one.target, one.up_kbps, one.down_kbps])),
  };
}

const linesOf = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split(',').map((part) => part.trim()));

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;

/** After the interface: a network has a stroke, a VLAN is a number, and what is neither is the name of a login page. */
function placeOf([on, ...rest]: string[]): Record<string, unknown> {
  const tag = rest.find((part) => /^\d+$/.test(part));
  return {
    interface: on,
    network: rest.find((part) => part.includes('/')),
    ...(tag !== undefined && { vlan_id: Number(tag) }),
  };
}

function nameOf([, ...rest]: string[]): Record<string, unknown> {
  const name = rest.find((part) => part !== '' && !part.includes('/') && !/^\d+$/.test(part));
  return name === undefined ? {} : { dns_name: name };
}
