import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from '../clock';
import type { RouterOsVersion } from '../profile';
import { RouterConfig } from './index';
import type { Reply } from './index';

const on = (version: RouterOsVersion, more = {}) =>
  new RouterConfig({ version, clock: new ManualClock(Date.UTC(2026, 1, 3)), ...more });
const rowsOf = (reply: Reply) => ('rows' in reply ? reply.rows : reply);

test('what a version does not know refuses the whole command and changes nothing', async () => {
  for (const [version, path, args, trap] of [
    [
      '7.14',
      '/radius/add',
      { address: '10.0.0.1', 'require-message-auth': 'no' },
      'unknown parameter require-message-auth',
    ],
    ['6.49', '/interface/wireguard/add', {}, 'no such command prefix'],
    ['6.49', '/file/add', { name: 'a' }, 'no such command'],
    ['7.10', '/file/read', { file: 'a' }, 'no such command'],
    ['6.49', '/system/ntp/client/set', { servers: '10.0.0.1' }, 'unknown parameter servers'],
    ['7.18', '/system/ntp/client/set', { 'primary-ntp': '10.0.0.1' }, 'unknown parameter primary-ntp'],
    [
      '7.18',
      '/ip/hotspot/profile/set',
      { '.id': 'default', 'https-redirect': 'no' },
      'unknown parameter https-redirect',
    ],
    ['7.18', '/ip/nonsense/print', {}, 'no such command prefix'],
    ['7.18', '/radius/dance', {}, 'no such command'],
  ] as const)
    expect([version, path, await on(version).run(path, args)]).toEqual([version, path, { trap }]);
  const config = on('7.14');
  await config.run('/radius/add', { address: '10.0.0.1', 'require-message-auth': 'no' });
  expect(config.rows('/radius')).toEqual([]);
  expect(await on('7.15').run('/radius/add', { address: '10.0.0.1', 'require-message-auth': 'no' })).toEqual({
    ret: '*1',
  });
  expect(await on('6.49').run('/system/ntp/client/set', { 'primary-ntp': '10.0.0.1' })).toEqual({ done: true });
});

test('rows: defaults, reading of values, order, what may stand once, what is needed, what is named', async () => {
  const config = on('7.18');
  expect(await config.run('/ip/pool/add', { name: 'isp' })).toEqual({ trap: 'missing value(s) of argument(s) ranges' });
  expect(await config.run('/ip/pool/add', { name: 'isp', ranges: '10.0.0.2-10.0.0.9' })).toEqual({ ret: '*1' });
  expect(await config.run('/ip/pool/add', { name: 'isp', ranges: '10.0.1.2-10.0.1.9' })).toEqual({
    trap: 'failure: pool with such name exists',
  });
  expect(await config.run('/ip/hotspot/add', { interface: 'wlan9' })).toEqual({
    trap: 'input does not match any value of interface',
  });
  await config.run('/ip/hotspot/add', {
    interface: 'ether3',
    'address-pool': 'isp',
    disabled: 'no',
    'idle-timeout': '00:10:00',
  });
  expect(config.rows('/ip/hotspot')[0]).toMatchObject({
    name: 'hotspot1',
    disabled: 'false',
    'idle-timeout': '10m',
    profile: 'default',
  });
  expect(await config.run('/ppp/aaa/set', { 'use-radius': 'maybe' })).toEqual({
    trap: 'input does not match any value of use-radius',
  });
  await config.run('/ppp/aaa/set', { 'use-radius': 'yes', 'interim-update': '300' });
  expect(config.settings('/ppp/aaa')).toMatchObject({ 'use-radius': 'true', 'interim-update': '5m' });

  for (const comment of ['a', 'b']) await config.run('/ip/firewall/filter/add', { chain: 'input', comment });
  await config.run('/ip/firewall/filter/add', { chain: 'input', comment: 'first', 'place-before': '*1' });
  await config.run('/ip/firewall/filter/move', { numbers: '*2', destination: '*1' });
  expect(config.rows('/ip/firewall/filter').map((row) => row['comment'])).toEqual(['first', 'b', 'a']);
  expect(await config.run('/ip/firewall/filter/find', {}, ['comment=b'])).toEqual({ ret: '*2' });
  expect(await config.run('/ip/firewall/filter/set', { '.id': '*9', chain: 'x' })).toEqual({ trap: 'no such item' });
  expect(await config.run('/ip/hotspot/profile/remove', { numbers: 'default' })).toEqual({
    trap: 'failure: can not remove default object',
  });
  const dynamic = config.plant('/queue/simple', { name: '<pppoe-asha>', dynamic: 'true' });
  expect(await config.run('/queue/simple/set', { '.id': dynamic['.id'] ?? '', 'max-limit': '1M/1M' })).toEqual({
    trap: 'failure: can not change dynamic object',
  });
  await config.run('/interface/wireguard/add', {});
  expect(config.find('/interface/wireguard', { name: 'wireguard1' })?.['public-key']).toMatch(/^[\w+/]{43}=$/);
  expect(rowsOf(await config.run('/interface/print', {}, ['name=wireguard1']))).toMatchObject([
    { type: 'wg', running: 'true' },
  ]);
});

test('exports: what differs, in lines that are folded; secrets by version; files with their limits', async () => {
  for (const [version, secret] of [
    ['6.49', true],
    ['7.18', false],
  ] as const) {
    const config = on(version);
    await config.run('/radius/add', {
      service: 'ppp,hotspot',
      address: '10.0.0.1',
      secret: 'hush-hush',
      timeout: '3s',
      comment: 'Lango: a row with a long name',
    });
    expect(await config.run('/export', { file: 'now' })).toEqual({ done: true });
    const text = config.files.read('now.rsc')?.toString() ?? '';
    expect(text).toContain(
      version === '6.49' ? '# feb/03/2026 00:00:00 by RouterOS 6.49.17' : '# 2026-02-03 00:00:00 by RouterOS 7.18.2',
    );
    expect(text.replace(/ \\\r\n +/g, ' ')).toContain(
      '/radius\r\nadd address=10.0.0.1 comment="Lango: a row with a long name"',
    );
    expect(text.includes('hush-hush')).toBe(secret);
    expect(text).not.toContain('/system logging');
    expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThan(82);
  }
  const config = on('6.49', { flash: true });
  config.files.write('flash/kept.txt', Buffer.from('x'));
  config.files.write('lost.txt', Buffer.from('y'.repeat(5000)));
  const [, lost] = rowsOf(await config.run('/file/print', {}, ['type=.txt file'])) as Record<string, string>[];
  expect([lost?.['size'], lost?.['contents']]).toEqual(['5000', undefined]);
  config.rebooted();
  expect(config.files.names).toEqual(['flash/kept.txt']);
  const full = on('7.18', { disk_bytes: 10 });
  expect(await full.run('/file/add', { name: 'a', contents: 'more than ten' })).toEqual({
    trap: 'failure: not enough space on disk',
  });
});

test('fetch really asks, and says in its words when there is nothing', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/page.html' ? 200 : 404;
    response.end('<html>$(username)</html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = on('7.18', { address: '127.0.0.1' });
  expect(
    rowsOf(await config.run('/tool/fetch', { url: `${base}/page.html`, 'dst-path': 'hotspot-v2/login.html' })),
  ).toMatchObject([{ status: 'finished' }]);
  expect(config.files.read('hotspot-v2/login.html')?.toString()).toBe('<html>$(username)</html>');
  expect(await config.run('/tool/fetch', { url: `${base}/none` })).toEqual({
    trap: 'failure: Fetch failed with status 404',
  });
  await new Promise((resolve) => server.close(resolve));
  expect(await config.run('/tool/fetch', { url: `${base}/page.html` })).toEqual({
    trap: 'failure: connection refused',
  });
});
