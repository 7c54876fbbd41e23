import { commandTree } from '../test-kit/mikrotik/config/schema';
import type { RouterOsVersion } from '../test-kit/mikrotik';
import { faultsOfScript, parseScript } from '../test-kit/mikrotik/script';
import { parseNetwork } from './network';
import type { Recipe } from './pieces';
import { quoted, renderFirst, renderLine, renderScript } from './render-script';
import { parseVersion } from './version';
import { wanted } from './wanted';

const WORD = 'https://isp.example.net/provisioning/abc';

function recipe(version: string, more: Partial<Recipe> = {}): Recipe {
  return {
    version: parseVersion(version)!,
    installation: {
      host: 'isp.example.net',
      publicUrl: 'https://isp.example.net',
      authPort: 1812,
      acctPort: 1813,
      tunnelPort: 13231,
      tunnelPublicKey: 'b'.repeat(43) + '=',
    },
    way: 'tunnel',
    address: '10.253.0.7',
    sendsFrom: '10.253.0.7',
    coaPort: 3799,
    secret: 'radius-secret',
    tunnel: { privateKey: 'a'.repeat(43) + '=', user: 'lango-7', password: 'tunnel-password' },
    api: { username: 'lango', password: 'api-password' },
    wanted: wanted.parse({
      pppoe: [{ interface: 'ether2', vlan_id: 100, network: '10.64.0.0/20' }],
      hotspot: [{ interface: 'bridge', network: '10.5.50.0/24', dns_name: 'wifi.example.net' }],
      vlans: [{ name: 'office', vlan_id: 30, interface: 'ether3' }],
      pools: [{ name: 'spare', ranges: '10.9.0.2-10.9.0.254' }],
      queues: [{ name: 'office-cap', target: 'office', up_kbps: 2000, down_kbps: 8000 }],
    }),
    openHosts: ['accounts.example.com'],
    ...more,
  };
}

describe('the script for a router', () => {
  it.each(['6.49.10', '7.18.2'])(
    'opens the hosts of the sign-in of the site’s guests, by address and by name (%s)',
    (version) => {
      const script = renderScript(recipe(version), WORD);
      expect(script.match(/walled-garden[^\n]*accounts\.example\.com/g)?.length).toBe(2);
      expect(renderScript(recipe(version, { openHosts: [] }), WORD)).not.toContain('accounts.example.com');
    },
  );

  it.each<[RouterOsVersion, string]>([
    ['6.49', '6.49.10'],
    ['7.10', '7.10.2'],
    ['7.14', '7.14.3'],
    ['7.15', '7.15.3'],
    ['7.18', '7.18.2'],
  ])('for %s uses nothing that this version does not know', (version, said) => {
    const tree = commandTree(version);
    for (const way of ['direct', 'tunnel'] as const)
      for (const text of [renderScript(recipe(said, { way }), WORD), renderFirst(WORD), renderLine(WORD)])
        expect(faultsOfScript(parseScript(text), tree)).toEqual([]);
  });

  it('differs where versions do: a signature asked for from 7.15 on, the tunnel and the clock of version 6', () => {
    const [old, before, after] = ['6.49', '7.14', '7.15'].map((version) => renderScript(recipe(version), WORD));
    expect(old).toMatch(/sstp-client add .*user=lango-7/);
    expect(old).toContain('server-dns-names=');
    expect(old).not.toMatch(/wireguard|require-message-auth/);
    expect(before).toContain('/interface wireguard add private-key=');
    expect(before).not.toContain('require-message-auth');
    expect(after).toContain('require-message-auth=yes-for-request-resp');
  });

  it('says from where RADIUS is sent only where the router has that address', () => {
    expect(renderScript(recipe('7.18'), WORD)).toContain('src-address=10.253.0.7');
    const direct = renderScript(recipe('7.18', { way: 'direct', sendsFrom: undefined }), WORD);
    expect(direct).not.toMatch(/radius add [^\n]*src-address/);
    expect(direct).toContain('address=[:resolve isp.example.net]');
  });

  it.each(['plain', '', 'two words', 'a"b\\c$d?e', 'x\ny', '!10.0.0.0/8', '$(evil)', '[/system reboot]'])(
    'keeps %j as it is',
    (value) => {
      const [command] = parseScript(`:put ${quoted(value)}`);
      const text = command?.args[0]?.value;
      expect(text).toEqual(value === '' ? { kind: 'joined', parts: [] } : expect.objectContaining({}));
      expect(flat(text)).toBe(value);
    },
  );

  it('divides a network into the router’s own address and its customers’', () => {
    expect(parseNetwork('10.64.0.0/20')).toEqual({
      network: '10.64.0.0/20',
      gateway: '10.64.0.1',
      interfaceAddress: '10.64.0.1/20',
      ranges: '10.64.0.2-10.64.15.254',
    });
    expect(['10.64.0.1/20', '10.64.0.0/8', '300.0.0.0/24', 'x'].map(parseNetwork)).toEqual(Array(4).fill(undefined));
    const two = [
      { interface: 'a', network: '10.0.0.0/16' },
      { interface: 'b', network: '10.0.5.0/24' },
    ];
    expect(wanted.safeParse({ pppoe: two }).success).toBe(false);
  });
});

/** A string of the script, put together again. */
function flat(value: unknown): string {
  const one = value as { kind: string; text?: string; parts?: unknown[] };
  if (one.kind === 'text') return one.text ?? '';
  if (one.kind !== 'joined') return `not text but ${one.kind}`;
  return (one.parts ?? []).map(flat).join('');
}
