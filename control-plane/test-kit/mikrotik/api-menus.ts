import type { Row } from '../../../radius/routeros';
import type { ApiCommand, ApiReply } from './api-server';
import type { LoginOutcome } from './events';
import type { HotspotLogin } from './options';
import type { Session, TerminateCause } from './session';

/** A device that the hotspot sees, logged in or not. */
export interface HotspotHost {
  mac: string;
  address: string;
}

/** What the menus show and change of a router. */
export interface ApiWorld {
  identity: string;
  version: string;
  serverName: string;
  sessions(): readonly Session[];
  hosts(): readonly HotspotHost[];
  disconnect(session: Session, cause: TerminateCause): void;
  login(options: HotspotLogin): Promise<LoginOutcome>;
}

/** The menus that enforcement asks and changes, by their whole paths. */
export function apiMenus(world: ApiWorld): Record<string, ApiCommand> {
  const of = (service: 'pppoe' | 'hotspot') =>
    world.sessions().filter((session) => session.identity.service === service);
  const remove =
    (service: 'pppoe' | 'hotspot') =>
    (args: Row): ApiReply => {
      const session = of(service).find((candidate) => idOf(candidate) === args['.id']);
      if (session === undefined) return { trap: 'no such item (4)' };
      world.disconnect(session, 'Admin-Reset');
      return { done: true };
    };
  return {
    '/system/identity/print': () => ({ rows: [{ name: world.identity }] }),
    '/system/resource/print': () => ({ rows: [{ version: `${world.version} (stable)`, 'board-name': 'CHR' }] }),
    '/ppp/active/print': () => ({ rows: of('pppoe').map(pppRow) }),
    '/ppp/active/remove': remove('pppoe'),
    '/ip/hotspot/active/print': () => ({ rows: of('hotspot').map((session) => hotspotRow(session, world.serverName)) }),
    '/ip/hotspot/active/remove': remove('hotspot'),
    '/ip/hotspot/active/login': (args) => login(world, args),
    '/ip/hotspot/host/print': () => ({ rows: hostRows(world) }),
    '/queue/simple/print': () => ({ rows: world.sessions().flatMap(queueRow) }),
    '/queue/simple/set': () => ({ trap: 'failure: can not change dynamic queue' }),
  };
}

function idOf(session: Session): string {
  return `*${session.identity.nasPort.toString(16).toUpperCase()}`;
}

function pppRow(session: Session): Row {
  return {
    '.id': idOf(session),
    name: session.username,
    service: 'pppoe',
    'caller-id': session.identity.mac,
    address: session.identity.address,
    uptime: duration(session.elapsed_s),
    encoding: '',
    'session-id': `0x${session.id.toUpperCase()}`,
    'limit-bytes-in': '0',
    'limit-bytes-out': '0',
    radius: 'true',
  };
}

function hotspotRow(session: Session, server: string): Row {
  const left_s = session.timeLeft_s;
  return {
    '.id': idOf(session),
    server,
    user: session.username,
    address: session.identity.address,
    'mac-address': session.identity.mac,
    'login-by': 'http-chap',
    uptime: duration(session.elapsed_s),
    ...(left_s !== undefined && { 'session-time-left': duration(left_s) }),
    'idle-time': '0s',
    'bytes-in': String(session.counters.up),
    'bytes-out': String(session.counters.down),
    radius: 'true',
  };
}

/** The queue that a rate limit makes; PPP names it and its target after the interface. */
function queueRow(session: Session): Row[] {
  const { rateLimit } = session.entitlement;
  if (rateLimit === undefined) return [];
  const pppoe = session.identity.service === 'pppoe';
  const name = `<${pppoe ? 'pppoe' : 'hotspot'}-${session.username}>`;
  return [
    {
      '.id': idOf(session),
      name,
      target: pppoe ? name : `${session.identity.address}/32`,
      'max-limit': `${rateLimit.up_bps}/${rateLimit.down_bps}`,
      dynamic: 'true',
    },
  ];
}

function hostRows(world: ApiWorld): Row[] {
  const online = world.sessions().filter((session) => session.identity.service === 'hotspot');
  const authorized = online.map((session) => ({
    mac: session.identity.mac,
    address: session.identity.address,
    authorized: 'true',
  }));
  const waiting = world
    .hosts()
    .filter(({ mac }) => online.every((session) => session.identity.mac !== mac))
    .map((host) => ({ ...host, authorized: 'false' }));
  return [...authorized, ...waiting].map(({ mac, address, authorized: yes }, n) => ({
    '.id': `*${(n + 1).toString(16).toUpperCase()}`,
    'mac-address': mac,
    address,
    'to-address': address,
    server: world.serverName,
    authorized: yes,
    bypassed: 'false',
  }));
}

async function login(world: ApiWorld, args: Row): Promise<ApiReply> {
  const { user, password = '', ip } = args;
  const host = world
    .hosts()
    .find(({ mac, address }) => address === ip && (args['mac-address'] ?? mac).toUpperCase() === mac.toUpperCase());
  if (user === undefined || ip === undefined) return { trap: 'missing value(s) of argument(s) user ip' };
  if (host === undefined) return { trap: 'unknown host IP' };
  const outcome = await world.login({
    username: user,
    password,
    mac: host.mac,
    hostAddress: host.address,
    authentication: 'pap',
  });
  if (outcome.kind === 'online') return { done: true };
  if (outcome.kind === 'rejected') return { trap: outcome.messages.join(' ') || 'invalid username or password' };
  return { trap: outcome.kind === 'timeout' ? 'RADIUS server is not responding' : 'login failed' };
}

/** As RouterOS prints it: `1d2h3s`. */
function duration(seconds: number): string {
  let text = '';
  let rest = seconds;
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
