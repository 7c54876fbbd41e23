import { parseDuration } from '../../../../radius/routeros';
import type { RouterConfig } from './config';

const DURATION = /^\d+(w|d|h|m|s|ms)/;

/** Fields that name a row of another menu, with what else may stand there. */
const REFERENCES: Record<string, [menu: string, also?: readonly string[]]> = {
  '/ppp/secret profile': ['/ppp/profile'],
  '/ip/hotspot profile': ['/ip/hotspot/profile'],
  '/ip/hotspot/user profile': ['/ip/hotspot/user/profile'],
  '/ip/hotspot/profile trial-user-profile': ['/ip/hotspot/user/profile'],
  '/ip/hotspot address-pool': ['/ip/pool', ['none']],
  '/ip/hotspot/user/profile address-pool': ['/ip/pool', ['none']],
  '/ip/dhcp-server address-pool': ['/ip/pool', ['static-only']],
  '/interface/pppoe-server/server default-profile': ['/ppp/profile'],
  '/interface/bridge/port bridge': ['/interface/bridge'],
  '/interface/wireguard/peers interface': ['/interface/wireguard'],
  '/interface/list/member list': ['/interface/list', ['LAN', 'WAN', 'all', 'dynamic', 'none', 'static']],
  '/user group': ['/user/group'],
};
const WITH_INTERFACE = [
  '/ip/hotspot',
  '/ip/dhcp-server',
  '/ip/dhcp-client',
  '/ip/address',
  '/interface/vlan',
  '/interface/bridge/port',
  '/interface/pppoe-server/server',
  '/interface/pppoe-client',
];

/** A value as RouterOS keeps it, or its refusal. */
export function readValue(
  config: RouterConfig,
  menu: string,
  name: string,
  given: string,
  sample: string | undefined,
): { value: string } | { trap: string } {
  if (sample === 'true' || sample === 'false') return readBoolean(name, given);
  if (sample !== undefined && DURATION.test(sample) && !sample.includes('/')) return readDuration(name, given);
  if (/(^|-)port$/.test(name) && sample !== undefined && /^\d+$/.test(sample) && !(Number(given) <= 65_535))
    return { trap: `value of ${name} out of range (0..65535)` };
  const reference = REFERENCES[`${menu} ${name}`];
  if (reference && !refersTo(config, reference, given)) return { trap: `input does not match any value of ${name}` };
  if (name === 'interface' && WITH_INTERFACE.includes(menu) && !config.hasInterface(given))
    return { trap: 'input does not match any value of interface' };
  return { value: given };
}

function refersTo(config: RouterConfig, [menu, also = []]: [string, (readonly string[])?], given: string): boolean {
  return also.includes(given) || config.rows(menu).some((row) => row['name'] === given || row['.id'] === given);
}

function readBoolean(name: string, given: string): { value: string } | { trap: string } {
  if (given === 'yes' || given === 'true') return { value: 'true' };
  if (given === 'no' || given === 'false') return { value: 'false' };
  return { trap: `input does not match any value of ${name}` };
}

function readDuration(name: string, given: string): { value: string } | { trap: string } {
  if (given === 'none' || given === 'received') return { value: given };
  const seconds = /^\d+$/.test(given) ? Number(given) : parseDuration(given);
  if (seconds === undefined) return { trap: `invalid time value for argument ${name}` };
  const ms = /(\d+)ms/.exec(given)?.[0] ?? '';
  return { value: ms !== '' && seconds === 0 ? ms : durationText(seconds) + ms };
}

/** Seconds as RouterOS prints them: `1d2h3s`. */
export function durationText(seconds: number): string {
  let text = '';
  let rest = Math.floor(seconds);
  for (const [unit, size] of [
    ['w', 604_800],
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text || '0s';
}
