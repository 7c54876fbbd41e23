import { isIP } from 'node:net';
import { named, row, settings, type FieldValue, type Piece, type Recipe, type Step } from './pieces';
import { gardenStep, servicesSteps } from './services-recipe';
import { atLeast, type Version } from './version';

/** Our own end of every tunnel. */
export const TUNNEL_SERVER = '10.253.0.1';
/** Of WireGuard at our end. */
export const TUNNEL_PORT = 13231;
const TUNNEL_NAME = 'lango-tunnel';
/** Where routers ask the time; names, because pools of servers change. */
const NTP_SERVERS = ['0.pool.ntp.org', '1.pool.ntp.org'];

/** All that a router is told, in the order in which it is told: facts of RouterOS by version, one unknown word refuses a whole command. */
export function stepsOf(recipe: Recipe): Step[] {
  const steps: Step[] = [
    { name: 'tunnel', pieces: recipe.way === 'tunnel' ? tunnel(recipe) : [] },
    { name: 'radius', pieces: radius(recipe) },
    { name: 'api', pieces: api(recipe) },
    { name: 'clock', pieces: clock(recipe.version) },
    { name: 'firewall', pieces: firewall(recipe) },
    gardenStep(recipe),
    ...servicesSteps(recipe),
  ];
  return steps.filter(({ pieces }) => pieces.length > 0);
}

/** Where a router finds us: at our end of the tunnel, or by our public name. */
export function serverOf({ way, installation }: Pick<Recipe, 'way' | 'installation'>): FieldValue {
  if (way === 'tunnel') return TUNNEL_SERVER;
  return isIP(installation.host) ? installation.host : { resolve: installation.host };
}

/** Version 7 has WireGuard; for version 6 it is SSTP, which goes through any NAT as it is TLS to one port. */
function tunnel({ version, installation, address, tunnel: own }: Recipe): Piece[] {
  if (!atLeast(version, 7, 1))
    return [
      named(
        '/interface/sstp-client',
        TUNNEL_NAME,
        {
          'connect-to': `${installation.host}:${SSTP_PORT}`,
          user: own.user,
          password: own.password,
          profile: 'default-encryption',
          authentication: 'mschap2',
          'add-default-route': 'no',
          'keepalive-timeout': '30',
          disabled: 'no',
        },
        ['password'],
      ),
    ];
  return [
    named('/interface/wireguard', TUNNEL_NAME, { 'private-key': own.privateKey, mtu: '1420' }, ['private-key']),
    row('/interface/wireguard/peers', 'tunnel', {
      interface: TUNNEL_NAME,
      'public-key': installation.tunnelPublicKey,
      'endpoint-address': installation.host,
      'endpoint-port': String(installation.tunnelPort),
      'allowed-address': `${TUNNEL_SERVER}/32`,
      'persistent-keepalive': '25s',
    }),
    row('/ip/address', 'tunnel', { address: `${address}/32`, network: TUNNEL_SERVER, interface: TUNNEL_NAME }),
  ];
}
/** Of the SSTP server beside Lango: 443 belongs to the web server. */
export const SSTP_PORT = 4443;

function radius(recipe: Recipe): Piece[] {
  const { version, installation, secret, sendsFrom, coaPort } = recipe;
  return [
    row(
      '/radius',
      'radius',
      {
        service: 'ppp,hotspot',
        address: serverOf(recipe),
        secret,
        'authentication-port': String(installation.authPort),
        'accounting-port': String(installation.acctPort),
        timeout: '3s',
        ...(sendsFrom && { 'src-address': sendsFrom }),
        ...(atLeast(version, 7, 15) && { 'require-message-auth': 'yes-for-request-resp' }),
      },
      { secret: ['secret'] },
    ),
    settings('/radius/incoming', { accept: 'yes', port: String(coaPort) }),
    settings('/ppp/aaa', { 'use-radius': 'yes', accounting: 'yes', 'interim-update': '5m' }),
  ];
}

/** Of the API's user: to read and write, to fetch pages and files, and nothing of people or secrets. */
export const API_POLICIES = ['read', 'write', 'test', 'ftp', 'reboot', 'password', 'api'];

function api(recipe: Recipe): Piece[] {
  const { username, password } = recipe.api;
  return [
    named('/user/group', username, { policy: API_POLICIES.join(',') }),
    named('/user', username, { group: username, password, address: serverOf(recipe) }, ['password']),
    { kind: 'service', name: 'api', address: serverOf(recipe) },
  ];
}

function clock(version: Version): Piece[] {
  const servers = NTP_SERVERS.join(',');
  return [
    settings('/system/ntp/client', {
      enabled: 'yes',
      ...(atLeast(version, 7, 0) ? { servers } : { 'server-dns-names': servers }),
    }),
  ];
}

/** Orders and the API reach the router whatever its firewall says below; FastTrack of the default configuration would let customers past their speed. */
function firewall(recipe: Recipe): Piece[] {
  const from = { chain: 'input', 'src-address': serverOf(recipe), action: 'accept' };
  return [
    row(
      '/ip/firewall/filter',
      'orders',
      { ...from, protocol: 'udp', 'dst-port': String(recipe.coaPort) },
      { first: true },
    ),
    row('/ip/firewall/filter', 'api', { ...from, protocol: 'tcp', 'dst-port': '8728,8729' }, { first: true }),
    {
      kind: 'others',
      menu: '/ip/firewall/filter',
      where: { action: 'fasttrack-connection', comment: 'defconf: fasttrack' },
      fields: { disabled: 'yes' },
    },
  ];
}
