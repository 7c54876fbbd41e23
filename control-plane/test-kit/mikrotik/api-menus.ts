import type { Row } from '../../../radius/routeros';
import { matchesQuery } from './api-query';
import { durationText, type Reply, type RouterConfig } from './config';
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
  serverName: string;
  sessions(): readonly Session[];
  hosts(): readonly HotspotHost[];
  disconnect(session: Session, cause: TerminateCause): void;
  login(options: HotspotLogin): Promise<LoginOutcome>;
}

/** Answers the menus that show sessions and hosts; queues and interfaces of sessions stand beside the configured ones. */
export function serveLive(config: RouterConfig, world: ApiWorld): void {
  const of = (service: 'pppoe' | 'hotspot') =>
    world.sessions().filter((session) => session.identity.service === service);
  const remove =
    (service: 'pppoe' | 'hotspot') =>
    (args: Row): Reply => {
      const session = of(service).find((candidate) => idOf(candidate) === args['.id']);
      if (session === undefined) return { trap: 'no such item (4)' };
      world.disconnect(session, 'Admin-Reset');
      return { done: true };
    };
  const show = (menu: string, rows: () => Row[]): void =>
    config.serve(`${menu}/print`, (_, queries) => ({ rows: rows().filter((row) => matchesQuery(row, queries)) }));
  show('/ppp/active', () => of('pppoe').map(pppRow));
  show('/ip/hotspot/active', () => of('hotspot').map((session) => hotspotRow(session, world.serverName)));
  show('/ip/hotspot/host', () => hostRows(world));
  show('/queue/simple', () => [...world.sessions().flatMap(queueRow), ...config.rows('/queue/simple')]);
  config.serve('/ppp/active/remove', remove('pppoe'));
  config.serve('/ip/hotspot/active/remove', remove('hotspot'));
  config.serve('/ip/hotspot/active/login', (args) => login(world, args));
  config.serve('/queue/simple/set', (args, queries) =>
    world.sessions().some((session) => idOf(session) === args['.id'])
      ? { trap: 'failure: can not change dynamic queue' }
      : (config.menu('/queue/simple')?.run('set', args, queries) ?? { trap: 'no such command' }),
  );
  config.interfaces.dynamic = () => of('pppoe').map(interfaceRow);
}

/** The interface that a PPPoE session makes; what the subscriber sends comes in. */
function interfaceRow(session: Session): Row {
  return {
    '.id': idOf(session),
    name: `<pppoe-${session.username}>`,
    type: 'pppoe-in',
    mtu: '1480',
    'rx-byte': String(session.counters.up),
    'tx-byte': String(session.counters.down),
    running: 'true',
    dynamic: 'true',
    disabled: 'false',
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
    uptime: durationText(session.elapsed_s),
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
    uptime: durationText(session.elapsed_s),
    ...(left_s !== undefined && { 'session-time-left': durationText(left_s) }),
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

async function login(world: ApiWorld, args: Row): Promise<Reply> {
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
