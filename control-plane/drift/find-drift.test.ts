import type { ApiOutcome } from '../../radius/routeros';
import { RouterConfig } from '../test-kit/mikrotik';
import { findDrift, type Drift } from './find-drift';

const askOf =
  (config: RouterConfig) =>
  async ([path = '', ...words]: readonly string[]): Promise<ApiOutcome> => {
    const args = Object.fromEntries(
      words.flatMap((word) => {
        const pair = /^=([^=]+)=(.*)$/s.exec(word);
        return pair ? [[pair[1] ?? '', pair[2] ?? '']] : [];
      }),
    );
    const queries = words.filter((word) => word.startsWith('?')).map((word) => word.slice(1));
    const reply = await config.run(path, args, queries);
    if ('trap' in reply) return { kind: 'refused', message: reply.trap };
    return { kind: 'done', rows: 'rows' in reply ? reply.rows : [] };
  };
const known = { addresses: ['10.64.0.7'], coaPort: 3799 };

async function wellSet(version: '6.49' | '7.10' | '7.18'): Promise<RouterConfig> {
  const config = new RouterConfig({ version });
  for (const [path, args] of [
    ['/radius/add', { service: 'ppp,hotspot', address: '10.0.0.1', secret: 'x' }],
    ['/radius/incoming/set', { accept: 'yes', port: '3799' }],
    ['/ppp/aaa/set', { 'use-radius': 'yes', 'interim-update': '5m' }],
    ['/interface/pppoe-server/server/add', { interface: 'ether2', disabled: 'no' }],
    ['/ip/hotspot/profile/add', { name: 'hs', 'use-radius': 'yes' }],
    ['/ip/hotspot/add', { interface: 'ether3', profile: 'hs', disabled: 'no' }],
    ['/ip/firewall/filter/add', { chain: 'forward', action: 'fasttrack-connection', 'src-address-list': 'office' }],
    ['/queue/simple/add', { name: 'office', target: '192.168.1.0/24', 'max-limit': '10M/10M' }],
  ] as const)
    expect(await config.run(path, args)).not.toHaveProperty('trap');
  return config;
}
const found = async (config: RouterConfig): Promise<Drift[]> => {
  const checked = await findDrift(askOf(config), known);
  if (checked.kind === 'failed') throw new Error(checked.why);
  return checked.found;
};

test.each(['6.49', '7.10', '7.18'] as const)(
  '%s: a router as it should be says nothing; each planted thing is found, and its plan ends it',
  async (version) => {
    const config = await wellSet(version);
    expect(await found(config)).toEqual([]);
    const plants: [kind: string, path: string, args: Record<string, string>][] = [
      ['local_secret', '/ppp/secret/add', { name: 'cousin', password: 'x' }],
      ['local_hotspot_user', '/ip/hotspot/user/add', { name: 'cousin', password: 'x' }],
      ['bypassed_binding', '/ip/hotspot/ip-binding/add', { 'mac-address': '02:00:00:00:00:01', type: 'bypassed' }],
      ['static_queue', '/queue/simple/add', { name: 'fast', target: '10.64.0.0/24', 'max-limit': '100M/100M' }],
      ['fasttrack', '/ip/firewall/filter/add', { chain: 'forward', action: 'fasttrack-connection' }],
      ['radius_off_ppp', '/ppp/aaa/set', { 'use-radius': 'no' }],
      ['accounting_off_ppp', '/ppp/aaa/set', { accounting: 'no' }],
      ['no_interim', '/ppp/aaa/set', { 'interim-update': '1h' }],
      ['radius_off_hotspot', '/ip/hotspot/profile/set', { '.id': 'hs', 'use-radius': 'no' }],
      ['accounting_off_hotspot', '/ip/hotspot/profile/set', { '.id': 'hs', 'radius-accounting': 'no' }],
      ['incoming_closed', '/radius/incoming/set', { port: '1700' }],
    ];
    for (const [kind, path, args] of plants) {
      expect(await config.run(path, args)).not.toHaveProperty('trap');
      const [drift, ...more] = await found(config);
      expect([drift?.kind, more]).toEqual([kind, []]);
      for (const words of drift?.plan ?? []) expect(await askOf(config)(words)).toMatchObject({ kind: 'done' });
      expect(await found(config)).toEqual([]);
    }
    await config.run('/radius/set', { numbers: '0', service: 'hotspot' });
    expect(await found(config)).toMatchObject([{ kind: 'no_radius_row', subject: 'ppp', plan: [] }]);
  },
);

test('a check that was refused half-way says so and finds nothing gone', async () => {
  const config = await wellSet('7.18');
  const ask = askOf(config);
  const checked = await findDrift(
    (words) =>
      words[0] === '/radius/print'
        ? Promise.resolve({ kind: 'refused', message: 'not enough permissions (9)' })
        : ask(words),
    known,
  );
  expect(checked).toEqual({ kind: 'failed', why: 'not enough permissions (9)' });
});
