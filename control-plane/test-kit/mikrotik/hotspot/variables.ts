import { durationText } from '../config';
import type { Row } from '../../../../radius/routeros';
import type { Device } from './device';

/** What a page is rendered with beside what the router and the device are. */
export interface PageAsk {
  /** The folder of a language, with its slash; empty: none. */
  folder: string;
  host: string;
  params: URLSearchParams;
  /** The address that was asked for, where it was another host's. */
  original: string;
  redirect: string;
  error: { text: string; original: string } | undefined;
}

/** What variables are filled from. */
export interface PageWorld {
  identity: string;
  serverName: string;
  interfaceName: string;
  profile: Row;
  refresh_s: number;
  trialOffered: boolean;
}

const LOGIN_BY_CHAP = 'http-chap';

/** The value of each variable for one page, as RouterOS has it; unknown ones are empty. */
export function variablesOf(world: PageWorld, device: Device, page: PageAsk): (name: string) => string {
  const { session } = device;
  const loginBy = (world.profile['login-by'] ?? '').split(',');
  const base = `http://${page.host}/${page.folder}`;
  const link = (name: string): string => base + name;
  const dst = page.original === '' ? '' : `?dst=${encodeURIComponent(page.original)}`;
  const left_s = session?.timeLeft_s;
  const counters = session?.counters ?? { up: 0n, down: 0n };
  const {
    recvLimit_bytes: up = 0n,
    xmitLimit_bytes: down = 0n,
    totalLimit_bytes: total = 0n,
  } = session?.entitlement ?? {};
  const remain = (limit: bigint, used: bigint): string =>
    !session ? '' : limit === 0n ? '---' : String(limit > used ? limit - used : 0n);
  const chap = (): { id: string; octets: string } | undefined => {
    if (device.online || !loginBy.includes(LOGIN_BY_CHAP)) return undefined;
    const { id, octets } = device.challenge ?? device.newChallenge();
    return { id: octal([id]), octets: octal(octets) };
  };
  const values: Record<string, () => string> = {
    hostname: () => page.host,
    identity: () => world.identity,
    'server-name': () => world.serverName,
    'server-address': () => `${world.profile['hotspot-address']}:80`,
    'interface-name': () => world.interfaceName,
    'plain-passwd': () => (loginBy.includes('http-pap') ? 'yes' : 'no'),
    'ssl-login': () => 'no',
    'login-by': () => device.local?.by ?? (session ? LOGIN_BY_CHAP : ''),
    'link-login': () => link('login') + dst,
    'link-login-only': () => link('login'),
    'link-logout': () => link('logout'),
    'link-status': () => link('status'),
    'link-orig': () => page.original,
    'link-redirect': () => page.redirect,
    ip: () => device.address,
    'host-ip': () => device.address,
    mac: () => device.mac,
    'logged-in': () => (device.online ? 'yes' : 'no'),
    trial: () => (world.trialOffered && !device.trialUsed ? 'yes' : 'no'),
    username: () => session?.username ?? device.local?.username ?? page.params.get('username') ?? '',
    error: () => page.error?.text ?? '',
    'error-orig': () => page.error?.original ?? '',
    'chap-id': () => chap()?.id ?? '',
    'chap-challenge': () => chap()?.octets ?? '',
    popup: () => page.params.get('popup') ?? 'true',
    var: () => page.params.get('var') ?? '',
    'session-id': () => page.params.get('session-id') ?? '',
    uptime: () => durationText(session?.elapsed_s ?? 0),
    'uptime-secs': () => String(session?.elapsed_s ?? 0),
    'session-time-left': () => (left_s === undefined ? '' : durationText(left_s)),
    'session-time-left-secs': () => String(left_s ?? 0),
    'session-timeout': () => (left_s === undefined ? '' : durationText(left_s)),
    'session-timeout-secs': () => String(left_s ?? 0),
    'refresh-timeout': () => (world.refresh_s === 0 ? '' : durationText(world.refresh_s)),
    'refresh-timeout-secs': () => String(world.refresh_s),
    'bytes-in': () => String(counters.up),
    'bytes-out': () => String(counters.down),
    'bytes-in-nice': () => nice(counters.up),
    'bytes-out-nice': () => nice(counters.down),
    'remain-bytes-in': () => remain(up, counters.up),
    'remain-bytes-out': () => remain(down, counters.down),
    'remain-bytes-total': () => remain(total, counters.up + counters.down),
  };
  return (name) => values[name]?.() ?? '';
}

/** As it stands in a script's string: `\371\012…`. */
const octal = (octets: Iterable<number>): string =>
  [...octets].map((octet) => `\\${octet.toString(8).padStart(3, '0')}`).join('');

function nice(octets: bigint): string {
  if (octets < 1024n) return `${octets} B`;
  const kib = Number(octets) / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
