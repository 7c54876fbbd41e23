import type { Row } from '../../../radius/routeros';
import { judge } from './judge';
import { aheadBy } from './look';
import type { Expected, Seen } from './seen';

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1000);
const expected = (more: Partial<Expected> = {}): Expected => ({
  address: '10.253.0.7',
  coaPort: 3799,
  server: '10.253.0.1',
  payHost: 'isp.example.net',
  tunnel: true,
  since: at(0),
  accessAt: at(60),
  accountingAt: at(61),
  secretWrongAt: null,
  shadows: () => Promise.resolve([]),
  ...more,
});
const ours: Row = { address: '10.253.0.1', service: 'ppp,hotspot', 'src-address': '10.253.0.7', disabled: 'false' };
const seen = (more: Partial<Seen> = {}): Seen => ({
  clockAhead_ms: 900,
  writeRefused: undefined,
  readRefused: undefined,
  radius: [ours],
  monitor: {},
  incoming: { accept: 'true', port: '3799' },
  badRequests: 0,
  requests: 1,
  pppAaa: { 'use-radius': 'true', accounting: 'true' },
  addresses: ['10.253.0.7', '192.168.88.1'],
  filter: [{ chain: 'forward', 'src-address-list': 'expired', action: 'reject', disabled: 'false' }],
  nat: [{ chain: 'dstnat', 'src-address-list': 'expired', disabled: 'false' }],
  hotspots: [{ name: 'h', profile: 'p', disabled: 'false' }],
  hotspotProfiles: [{ name: 'p', 'use-radius': 'true', 'radius-accounting': 'true' }],
  gardenHosts: [{ 'dst-host': 'isp.example.net', disabled: 'false' }],
  shadows: [],
  deviceMode: { mode: 'advanced', hotspot: 'true', fetch: 'true', scheduler: 'true' },
  probe: { kind: 'answered' },
  ...more,
});
const wrong = (about: Partial<Seen>, of: Partial<Expected> = {}) =>
  judge(expected(of), seen(about))
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ name, word }) => `${name}: ${word}`);

describe('the self-test', () => {
  it('finds nothing wrong with a router that is well', () => expect(wrong({})).toEqual([]));

  const silent = { probe: { kind: 'silence' } } as const;
  it.each<[string, Partial<Seen>, Partial<Expected>, string[]]>([
    [
      'a wrong secret',
      { ...silent, badRequests: 3 },
      { accessAt: null },
      ['secret: secret_differs', 'orders: orders_not_believed'],
    ],
    ['orders switched off', { ...silent, incoming: { accept: 'false', port: '3799' } }, {}, ['orders: orders_off']],
    ['3799 shut by the firewall', { ...silent, requests: 0 }, {}, ['orders: orders_blocked']],
    ['another port for orders', { ...silent, incoming: { accept: 'true', port: '1700' } }, {}, ['orders: orders_port']],
    ['a clock that is off', { clockAhead_ms: -3_600_000 }, {}, ['clock: clock_off']],
    ['no address to send from', { radius: [{ ...ours, 'src-address': '0.0.0.0' }] }, {}, ['radius: no_source']],
    [
      'FastTrack',
      {
        filter: [
          ...seen().filter,
          { action: 'fasttrack-connection', chain: 'forward', disabled: 'false', invalid: 'false' },
        ],
      },
      {},
      ['fasttrack: fasttrack_all'],
    ],
    ['a local user with a customer’s name', { shadows: ['asha'] }, {}, ['shadow: shadowed']],
    ['no walled garden', { filter: [] }, {}, ['garden: garden_none']],
    ['a hotspot that does not let through to us', { gardenHosts: [] }, {}, ['garden: garden_hotspot']],
    ['a user that may only read', { writeRefused: 'not enough permissions (9)' }, {}, ['rights: may_not_write']],
    [
      'a device mode that forbids the hotspot',
      { deviceMode: { mode: 'home', hotspot: 'false', fetch: 'false', scheduler: 'true' } },
      {},
      ['device_mode: mode_shut'],
    ],
    ['no RADIUS server of ours', { ...silent, radius: [] }, {}, ['radius: no_radius', 'orders: orders_from_stranger']],
    ['dialling in without RADIUS', { pppAaa: { 'use-radius': 'false', accounting: 'true' } }, {}, ['login: ppp_local']],
    ['no accounting', { pppAaa: { 'use-radius': 'true', accounting: 'false' } }, {}, ['accounting: accounting_off']],
  ])('catches %s', (_what, about, of, faults) => expect(wrong(about, of)).toEqual(faults));

  it('calls neither right nor wrong what has not happened yet', () => {
    const checks = judge(expected({ accessAt: at(-10), accountingAt: null }), seen());
    expect(checks.filter(({ outcome }) => outcome === 'unknown').map(({ word }) => word)).toEqual([
      'login_unseen',
      'accounting_unseen',
    ]);
  });

  it('leaves a FastTrack that is limited to some alone', () =>
    expect(
      wrong({
        filter: [...seen().filter, { action: 'fasttrack-connection', 'src-address-list': 'office', disabled: 'false' }],
      }),
    ).toEqual([]));

  it('reads the dates of all versions, with their zone', () => {
    const now = Date.parse('2026-03-04T05:06:07Z');
    expect(aheadBy({ date: 'mar/04/2026', time: '08:06:07', 'gmt-offset': '+03:00' }, now)).toBe(0);
    expect(aheadBy({ date: '2026-03-04', time: '05:06:09', 'gmt-offset': '+00:00' }, now)).toBe(2000);
    expect(aheadBy({ date: '?', time: '' }, now)).toBeUndefined();
  });
});
