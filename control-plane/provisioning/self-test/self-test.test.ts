import { RouterPool } from '../../../radius/routeros';
import { SimulatedMikrotik, type RouterOsVersion } from '../../test-kit/mikrotik';
import { consoleOf } from '../../test-kit/mikrotik/script';
import { parseVersion } from '../version';
import { renderScript } from '../render-script';
import { wanted } from '../wanted';
import { judge } from './judge';
import { look } from './look';
import { probeOrders } from './probe';
import type { Expected } from './seen';

// Patience: five of the routers are asked in vain, four seconds each.
jest.setTimeout(120_000);

const SECRET = 'agreed-secret';
const devices: SimulatedMikrotik[] = [];
const pool = new RouterPool();
afterAll(async () => {
  pool.close();
  await Promise.all(devices.map((device) => device.close()));
});

/** A router after its script: nobody fetches anything here, so the last word to us is lost, which the script bears. */
async function setUp(version: RouterOsVersion = '7.18'): Promise<SimulatedMikrotik> {
  const address = `127.64.${process.pid % 250}.${devices.length + 1}`;
  const device = await SimulatedMikrotik.start({
    identity: 'tower',
    address,
    version,
    secret: 'none-yet',
    servers: [],
    incoming: { accept: false },
    api: { port: 8728, users: [] },
    accountingOn: false,
  });
  devices.push(device);
  const script = renderScript(
    {
      version: parseVersion(version)!,
      installation: {
        host: '127.0.0.1',
        publicUrl: 'http://127.0.0.1:9',
        authPort: 1812,
        acctPort: 1813,
        tunnelPort: 1,
        tunnelPublicKey: 'x',
      },
      way: 'direct',
      address,
      sendsFrom: address,
      coaPort: 3799,
      secret: SECRET,
      tunnel: { privateKey: '', user: '', password: '' },
      api: { username: 'lango', password: 'api-password' },
      openHosts: [],
      wanted: wanted.parse({
        pppoe: [{ interface: 'ether2', network: '10.64.0.0/20' }],
        hotspot: [{ interface: 'ether3', network: '10.5.50.0/24' }],
      }),
    },
    'http://127.0.0.1:9/provisioning/word',
  );
  await consoleOf(device.config).paste(script);
  await device.idle();
  return device;
}

async function test(device: SimulatedMikrotik, more: Partial<Expected> = {}): Promise<Record<string, string>> {
  const { address } = device;
  const now = new Date();
  const expected: Expected = {
    address,
    coaPort: 3799,
    server: '127.0.0.1',
    payHost: '127.0.0.1',
    tunnel: false,
    since: new Date(now.getTime() - 60_000),
    accessAt: now,
    accountingAt: now,
    secretWrongAt: null,
    shadows: (names) => Promise.resolve(names.filter((name) => name === 'asha')),
    ...more,
  };
  const target = { address, port: 8728, username: 'lango', password: 'api-password', tls: false };
  const looked = await look(
    (words) => pool.run(target, words),
    expected,
    () => probeOrders({ address, port: 3799, secret: SECRET }),
    () => Date.now(),
  );
  if (looked.kind === 'away') return { reachable: looked.word };
  const wrong = judge(expected, looked.seen).filter(({ outcome }) => outcome !== 'pass');
  return Object.fromEntries(wrong.map(({ name, word }) => [name, word]));
}

/** All that is configured; the first line tells the time. */
const configured = (device: SimulatedMikrotik) =>
  device.config.exported({ showSensitive: true }).replace(/^#[^\n]*\n/, '');

const change = async (device: SimulatedMikrotik, line: string) => {
  await consoleOf(device.config).paste(line);
  await device.idle();
};

describe('the self-test of a simulated router', () => {
  it.each<RouterOsVersion>(['6.49', '7.10', '7.14', '7.15', '7.18'])(
    'finds nothing wrong with a %s that its script has just set up, and leaves nothing behind',
    async (version) => {
      const device = await setUp(version);
      const before = configured(device);
      expect(await test(device)).toEqual({});
      expect(configured(device)).toBe(before);
    },
  );

  it.each<[string, string, Record<string, string>]>([
    [
      'a wrong secret',
      '/radius set [find] secret=another',
      { secret: 'secret_differs', orders: 'orders_not_believed' },
    ],
    ['orders switched off', '/radius incoming set accept=no', { orders: 'orders_off' }],
    ['another port for orders', '/radius incoming set port=1700', { orders: 'orders_port' }],
    ['a clock that is off', '/system clock set time-zone-name=manual date=2020-01-01', { clock: 'clock_off' }],
    [
      'no address to send from',
      '/ip address add address=OWN interface=ether1; /ip address add address=192.168.88.1/24 interface=ether1; /radius set [find] src-address=0.0.0.0',
      { radius: 'no_source' },
    ],
    [
      'FastTrack',
      '/ip firewall filter add chain=forward action=fasttrack-connection connection-state=established,related',
      { fasttrack: 'fasttrack_all' },
    ],
    ['a user of its own with a customer’s name', '/ppp secret add name=asha password=x', { shadow: 'shadowed' }],
    ['no walled garden', '/ip firewall filter remove [find src-address-list=expired]', { garden: 'garden_none' }],
    ['rights that were taken', '/user group set [find name=lango] policy=api,read', { rights: 'may_not_write' }],
    ['accounting switched off', '/ppp aaa set accounting=no', { accounting: 'accounting_off' }],
  ])('catches %s', async (_what, line, wrong) => {
    const device = await setUp();
    await change(device, line.replace('OWN', `${device.address}/32`));
    expect(await test(device, wrong['secret'] ? { accessAt: null, since: null } : {})).toMatchObject(wrong);
  });

  it('catches a port for orders that a firewall shuts', async () => {
    const device = await setUp();
    device.faults.coa = 'silent';
    expect(await test(device)).toEqual({ orders: 'orders_blocked' });
  });

  it('catches a device mode that forbids the hotspot', async () => {
    const device = await setUp();
    device.config.serve('/system/device-mode/print', () => ({
      rows: [{ mode: 'home', hotspot: 'false', fetch: 'true', scheduler: 'true' }],
    }));
    expect(await test(device)).toEqual({ device_mode: 'mode_shut' });
  });

  it('says so when the router’s API is away', async () => {
    const device = await setUp();
    await device.close();
    expect(await test(device)).toEqual({ reachable: 'unreachable' });
  });
});
