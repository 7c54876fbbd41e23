import type { Row } from '../../../../radius/routeros';
import { list, settings, type Definition, type Definitions } from './definition';

const named = (what: string): NonNullable<Definition['once']> => ({
  fields: ['name'],
  refusal: `failure: ${what} with the same name already exists`,
});

/** A rule of a firewall; what it matches and does is all optional. */
const rule = (defaults: Record<string, string>): Definition =>
  list(
    { ...defaults, bytes: '0', packets: '0', invalid: 'false', dynamic: 'false', disabled: 'false' },
    { ordered: true },
  );

const NET: Definitions = {
  '/interface/ethernet': list(
    {
      name: '',
      'default-name': '',
      mtu: '1500',
      'mac-address': '',
      running: 'true',
      slave: 'false',
      disabled: 'false',
    },
    {
      fixed: true,
      once: named('interface'),
      initial: [1, 2, 3, 4, 5].map((n) => ({
        name: `ether${n}`,
        'default-name': `ether${n}`,
        'mac-address': `48:A9:8A:00:00:0${n}`,
      })),
    },
  ),
  '/interface/bridge': list(
    { name: '', mtu: 'auto', 'protocol-mode': 'rstp', 'vlan-filtering': 'false', running: 'true', disabled: 'false' },
    { required: [], once: named('interface') },
  ),
  '/interface/bridge/port': list(
    {
      interface: '',
      bridge: '',
      priority: '0x80',
      pvid: '1',
      inactive: 'false',
      dynamic: 'false',
      disabled: 'false',
    },
    {
      required: ['interface', 'bridge'],
      once: { fields: ['interface'], refusal: 'failure: device already added as bridge port' },
    },
  ),
  '/interface/vlan': list(
    {
      name: '',
      mtu: '1500',
      'vlan-id': '1',
      interface: '',
      'use-service-tag': 'false',
      running: 'true',
      disabled: 'false',
    },
    { required: ['interface'], once: named('interface') },
  ),
  '/interface/list': list(
    { name: '', include: '', exclude: '', builtin: 'false', dynamic: 'false' },
    { once: named('list') },
  ),
  '/interface/list/member': list(
    { list: '', interface: '', dynamic: 'false', disabled: 'false' },
    { required: ['list', 'interface'] },
  ),
  '/interface/pppoe-client': list(
    {
      name: '',
      interface: '',
      user: '',
      password: '',
      'add-default-route': 'false',
      running: 'false',
      disabled: 'true',
    },
    { required: ['interface'], sensitive: ['password'], once: named('interface') },
  ),
  '/interface/pppoe-server/server': list(
    {
      'service-name': '',
      interface: '',
      'max-mtu': 'auto',
      'max-mru': 'auto',
      mrru: 'disabled',
      authentication: 'pap,chap,mschap1,mschap2',
      'keepalive-timeout': '10',
      'one-session-per-host': 'false',
      'max-sessions': 'unlimited',
      'pado-delay': '0',
      'default-profile': 'default',
      invalid: 'false',
      disabled: 'true',
    },
    { required: ['interface'] },
  ),
  '/interface/l2tp-client': list(
    {
      name: '',
      'connect-to': '',
      user: '',
      password: '',
      profile: 'default-encryption',
      'use-ipsec': 'false',
      'ipsec-secret': '',
      'keepalive-timeout': '60',
      running: 'false',
      disabled: 'true',
    },
    { required: ['connect-to'], sensitive: ['password', 'ipsec-secret'], once: named('interface') },
  ),
  '/interface/sstp-client': list(
    {
      name: '',
      'connect-to': '',
      port: '443',
      user: '',
      password: '',
      profile: 'default-encryption',
      certificate: 'none',
      'verify-server-certificate': 'false',
      running: 'false',
      disabled: 'true',
    },
    { required: ['connect-to'], sensitive: ['password'], once: named('interface') },
  ),
  '/interface/wireguard': list(
    {
      name: '',
      mtu: '1420',
      'listen-port': '13231',
      'private-key': '',
      'public-key': '',
      running: 'true',
      disabled: 'false',
    },
    { sensitive: ['private-key'], once: named('interface') },
  ),
  '/interface/wireguard/peers': list(
    {
      interface: '',
      'public-key': '',
      'private-key': '',
      'preshared-key': '',
      'endpoint-address': '',
      'endpoint-port': '0',
      'allowed-address': '',
      'persistent-keepalive': '0s',
      rx: '0',
      tx: '0',
      disabled: 'false',
    },
    { required: ['interface', 'public-key'], sensitive: ['private-key', 'preshared-key'] },
  ),
  '/ip/address': list(
    {
      address: '',
      network: '',
      interface: '',
      'actual-interface': '',
      invalid: 'false',
      dynamic: 'false',
      disabled: 'false',
    },
    {
      required: ['address', 'interface'],
      once: { fields: ['address', 'interface'], refusal: 'failure: already have such address' },
    },
  ),
  '/ip/pool': list(
    { name: '', ranges: '' },
    { required: ['name', 'ranges'], once: { fields: ['name'], refusal: 'failure: pool with such name exists' } },
  ),
  '/ip/dns': settings({
    servers: '',
    'dynamic-servers': '',
    'allow-remote-requests': 'false',
    'max-udp-packet-size': '4096',
    'cache-size': '2048KiB',
    'cache-max-ttl': '1w',
  }),
  '/ip/dns/static': list({ name: '', address: '', ttl: '1d', dynamic: 'false', disabled: 'false' }),
  '/ip/route': list(
    {
      'dst-address': '0.0.0.0/0',
      gateway: '',
      distance: '1',
      scope: '30',
      active: 'true',
      dynamic: 'false',
      disabled: 'false',
    },
    { ordered: true },
  ),
  '/ip/service': list(
    { name: '', port: '', address: '', invalid: 'false', disabled: 'false' },
    {
      fixed: true,
      initial: [
        ['telnet', '23'],
        ['ftp', '21'],
        ['www', '80'],
        ['ssh', '22'],
        ['www-ssl', '443'],
        ['api', '8728'],
        ['winbox', '8291'],
        ['api-ssl', '8729'],
      ].map(([name = '', port = '']) => ({ name, port, disabled: String(name === 'www-ssl' || name === 'api-ssl') })),
    },
  ),
  '/ip/dhcp-server': list(
    {
      name: '',
      interface: '',
      'lease-time': '30m',
      'address-pool': 'static-only',
      'use-radius': 'no',
      disabled: 'false',
    },
    { required: ['interface'], once: named('dhcp server') },
  ),
  '/ip/dhcp-server/network': list(
    { address: '', gateway: '', 'dns-server': '', 'dhcp-option': '' },
    { required: ['address'] },
  ),
  '/ip/dhcp-server/option': list({ name: '', code: '', value: '' }, { required: ['code'], once: named('option') }),
  '/ip/dhcp-client': list(
    {
      interface: '',
      'add-default-route': 'yes',
      'use-peer-dns': 'true',
      'use-peer-ntp': 'true',
      status: 'bound',
      dynamic: 'false',
      disabled: 'false',
    },
    { required: ['interface'] },
  ),
  '/ip/hotspot': list(
    {
      name: '',
      interface: '',
      'address-pool': 'none',
      profile: 'default',
      'idle-timeout': '5m',
      'keepalive-timeout': 'none',
      'addresses-per-mac': '2',
      'proxy-status': 'running',
      invalid: 'false',
      disabled: 'true',
    },
    { required: ['interface'], once: named('hotspot') },
  ),
  '/ip/hotspot/profile': list(
    {
      name: '',
      'hotspot-address': '0.0.0.0',
      'dns-name': '',
      'html-directory': 'hotspot',
      'html-directory-override': '',
      'rate-limit': '',
      'http-proxy': '0.0.0.0:0',
      'smtp-server': '0.0.0.0',
      'login-by': 'cookie,http-chap',
      'http-cookie-lifetime': '3d',
      'ssl-certificate': 'none',
      'split-user-domain': 'false',
      'use-radius': 'false',
      'radius-accounting': 'true',
      'radius-interim-update': 'received',
      'radius-default-domain': '',
      'radius-location-id': '',
      'radius-location-name': '',
      'radius-mac-format': 'XX:XX:XX:XX:XX:XX',
      'nas-port-type': 'wireless-802.11',
      'mac-auth-mode': 'mac-as-username',
      'mac-auth-password': '',
      'trial-uptime-limit': '30m',
      'trial-uptime-reset': '1d',
      'trial-user-profile': 'default',
      default: 'false',
    },
    { required: ['name'], once: named('profile'), initial: [{ name: 'default', default: 'true' }] },
  ),
  '/ip/hotspot/user': list(
    {
      server: 'all',
      name: '',
      password: '',
      address: '',
      'mac-address': '',
      profile: 'default',
      'limit-uptime': '0s',
      uptime: '0s',
      'bytes-in': '0',
      'bytes-out': '0',
      dynamic: 'false',
      disabled: 'false',
    },
    {
      required: ['name'],
      sensitive: ['password'],
      once: { fields: ['name', 'server'], refusal: 'failure: already have user with this name for this server' },
    },
  ),
  '/ip/hotspot/user/profile': list(
    {
      name: '',
      'address-pool': 'none',
      'session-timeout': '0s',
      'idle-timeout': 'none',
      'keepalive-timeout': '2m',
      'status-autorefresh': '1m',
      'shared-users': '1',
      'add-mac-cookie': 'true',
      'mac-cookie-timeout': '3d',
      'rate-limit': '',
      'address-list': '',
      'transparent-proxy': 'false',
      default: 'false',
    },
    { required: ['name'], once: named('profile'), initial: [{ name: 'default', default: 'true' }] },
  ),
  '/ip/hotspot/ip-binding': list(
    {
      'mac-address': '',
      address: '',
      'to-address': '',
      server: 'all',
      type: 'regular',
      blocked: 'false',
      bypassed: 'false',
      disabled: 'false',
    },
    { ordered: true },
  ),
  '/ip/hotspot/walled-garden': list(
    { action: 'allow', 'dst-host': '', hits: '0', dynamic: 'false', disabled: 'false' },
    { ordered: true },
  ),
  '/ip/hotspot/walled-garden/ip': list(
    { action: 'accept', hits: '0', dynamic: 'false', invalid: 'false', disabled: 'false' },
    { ordered: true },
  ),
  '/ip/firewall/filter': rule({ chain: '', action: 'accept' }),
  '/ip/firewall/nat': rule({ chain: '', action: 'accept' }),
  '/ip/firewall/mangle': rule({ chain: '', action: 'accept' }),
  '/ip/firewall/raw': rule({ chain: '', action: 'accept' }),
  '/ip/firewall/address-list': list(
    { list: '', address: '', 'creation-time': '', dynamic: 'false', disabled: 'false' },
    {
      required: ['list', 'address'],
      once: { fields: ['list', 'address'], refusal: 'failure: already have such entry' },
    },
  ),
  '/queue/simple': list(
    {
      name: '',
      target: '',
      parent: 'none',
      'packet-marks': '',
      priority: '8/8',
      queue: 'default-small/default-small',
      'limit-at': '0/0',
      'max-limit': '0/0',
      'burst-limit': '0/0',
      'burst-threshold': '0/0',
      'burst-time': '0s/0s',
      invalid: 'false',
      dynamic: 'false',
      disabled: 'false',
    },
    { ordered: true, required: ['target'], once: { fields: ['name'], refusal: 'failure: already have such name' } },
  ),
  '/tool/netwatch': list(
    {
      host: '',
      interval: '10s',
      timeout: '1s',
      'up-script': '',
      'down-script': '',
      status: 'unknown',
      disabled: 'false',
    },
    { required: ['host'] },
  ),
};

/** The menus of interfaces, addresses, hotspot, queues and firewall. */
export function definitionsOfNet(v6: boolean): Definitions {
  const differing = (menu: string, fields: Row): Definitions => {
    const usual = NET[menu];
    return usual ? { [menu]: { ...usual, defaults: { ...usual.defaults, ...fields } } } : {};
  };
  if (!v6) return { ...NET, ...differing('/ip/dhcp-server/option', { force: 'false' }) };
  return {
    ...NET,
    ...differing('/ip/dhcp-server', { 'lease-time': '10m' }),
    ...differing('/ip/hotspot/profile', { 'https-redirect': 'true' }),
  };
}
