import { definitionsOfNet } from './definitions-net';
import { list, settings, type Definition, type Definitions } from './definition';

const POLICIES_7 =
  'local,telnet,ssh,ftp,reboot,read,write,policy,test,winbox,password,web,sniff,sensitive,api,romon,rest-api';
const POLICIES_6 =
  'local,telnet,ssh,ftp,reboot,read,write,policy,test,winbox,password,web,sniff,sensitive,api,romon,dude,tikapp';

/** People and their groups. */
function usersOf(full: string): Definitions {
  return {
    '/user/group': list(
      { name: '', policy: '', skin: 'default' },
      {
        required: ['name'],
        once: { fields: ['name'], refusal: 'failure: group with the same name already exists' },
        initial: [
          { name: 'read', policy: 'local,telnet,ssh,reboot,read,test,winbox,password,web,sniff,api,romon' },
          { name: 'write', policy: 'local,telnet,ssh,reboot,read,write,test,winbox,password,web,sniff,api,romon' },
          { name: 'full', policy: full },
        ],
      },
    ),
    '/user': list(
      { name: '', group: '', address: '', 'last-logged-in': '', disabled: 'false' },
      {
        required: ['name', 'group'],
        once: { fields: ['name'], refusal: 'failure: user with the same name already exists' },
        hidden: ['password'],
        initial: [{ name: 'admin', group: 'full', password: '' }],
      },
    ),
  };
}

function aaaOf(version: string): Definition {
  const usual = { 'use-radius': 'false', accounting: 'true', 'interim-update': '0s' };
  const circuit = { 'use-circuit-id-in-nas-port-id': 'false' };
  const counts6 = version === '7.15' || version === '7.18';
  return settings({ ...usual, ...circuit, ...(counts6 && { 'enable-ipv6-accounting': 'false' }) });
}

const PPP: Definitions = {
  '/ppp/profile': list(
    {
      name: '',
      'local-address': '',
      'remote-address': '',
      'bridge-learning': 'default',
      'use-ipv6': 'yes',
      'use-mpls': 'default',
      'use-compression': 'default',
      'use-encryption': 'default',
      'only-one': 'default',
      'change-tcp-mss': 'default',
      'use-upnp': 'default',
      'rate-limit': '',
      'address-list': '',
      'dns-server': '',
      'on-up': '',
      'on-down': '',
      default: 'false',
    },
    {
      required: ['name'],
      once: { fields: ['name'], refusal: 'failure: profile with the same name already exists' },
      initial: [
        { name: 'default', 'change-tcp-mss': 'yes', default: 'true' },
        { name: 'default-encryption', 'change-tcp-mss': 'yes', 'use-encryption': 'yes', default: 'true' },
      ],
    },
  ),
  '/ppp/secret': list(
    {
      name: '',
      service: 'any',
      'caller-id': '',
      password: '',
      profile: 'default',
      routes: '',
      'ipv6-routes': '',
      'limit-bytes-in': '0',
      'limit-bytes-out': '0',
      'last-logged-out': '',
      disabled: 'false',
    },
    {
      required: ['name'],
      once: { fields: ['name', 'service'], refusal: 'failure: secret with the same name already exists' },
      sensitive: ['password'],
    },
  ),
};

/** The menus around people, RADIUS and the system, with what a new router says in them. */
export function definitionsOf(version: string, identity: string): Definitions {
  const v6 = version === '6.49';
  const signed =
    v6 || version === '7.10' || version === '7.14' ? {} : { 'require-message-auth': 'yes-for-request-resp' };
  return {
    ...definitionsOfNet(v6),
    '/system/identity': settings({ name: identity }),
    '/system/ntp/client': settings(
      v6
        ? { enabled: 'false', 'primary-ntp': '0.0.0.0', 'secondary-ntp': '0.0.0.0', 'server-dns-names': '' }
        : { enabled: 'false', mode: 'unicast', servers: '', vrf: 'main', status: 'stopped' },
    ),
    '/system/logging': list(
      { topics: '', prefix: '', action: 'memory', invalid: 'false', disabled: 'false' },
      { initial: ['info', 'error', 'warning', 'critical'].map((topics) => ({ topics })) },
    ),
    '/system/scheduler': list(
      {
        name: 'schedule1',
        'start-date': '',
        'start-time': '',
        interval: '0s',
        'on-event': '',
        policy: '',
        disabled: 'false',
      },
      { once: { fields: ['name'], refusal: 'failure: scheduler with such name already exists' } },
    ),
    '/system/script': list(
      {
        name: 'script1',
        owner: 'admin',
        policy: '',
        'dont-require-permissions': 'false',
        'run-count': '0',
        source: '',
      },
      { once: { fields: ['name'], refusal: 'failure: script with such name already exists' } },
    ),
    '/system/package/update': settings({ channel: v6 ? 'long-term' : 'stable' }),
    ...usersOf(v6 ? POLICIES_6 : POLICIES_7),
    '/radius': list(
      {
        service: '',
        'called-id': '',
        domain: '',
        address: '0.0.0.0',
        secret: '',
        'authentication-port': '1812',
        'accounting-port': '1813',
        timeout: '300ms',
        'accounting-backup': 'false',
        realm: '',
        protocol: 'udp',
        certificate: 'none',
        ...signed,
        'src-address': '0.0.0.0',
        disabled: 'false',
      },
      { ordered: true, sensitive: ['secret'] },
    ),
    '/radius/incoming': settings({ accept: 'false', port: '3799', ...(!v6 && { vrf: 'main' }) }),
    '/ppp/aaa': aaaOf(version),
    ...PPP,
  };
}
