import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiOutcome } from '../../../radius/routeros';
import { RouterConfig } from '../../test-kit/mikrotik';
import { putPages, type PutOutcome } from './put-pages';
import { renderPages } from './render-pages';

const site = {
  slug: 'soko',
  name: 'Soko',
  words: '',
  phone: '',
  colour: '#0d2b32',
  accent: '#0e5560',
  languages: ['en', 'sw'] as ['en', 'sw'],
  terms: '',
  terms_required: false,
  trial_minutes: 0,
  trial_once_per: 'device' as const,
};
const pages = (name = 'Soko') =>
  renderPages({
    site: { ...site, name },
    company: 'Umoja',
    logo: undefined,
    publicUrl: 'http://127.0.0.1',
    routerId: '7',
  });

const sets = [pages(), pages('Soko Kuu'), pages('Soko la Tatu')];
const [first, second, third] = sets as [(typeof sets)[0], (typeof sets)[0], (typeof sets)[0]];
let fetched: string[] = [];
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    fetched.push(request.url ?? '');
    const [, hash, at] = (request.url ?? '').split('/');
    const file = sets.find((one) => one.hash === hash)?.files[Number(at)];
    response.writeHead(file ? 200 : 404).end(file?.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => (fetched = []));

type Ask = (words: readonly string[]) => Promise<ApiOutcome>;

/** A router with a hotspot that shows RouterOS' own pages, and what `over` does instead of a command. */
async function routerWith(more: Partial<ConstructorParameters<typeof RouterConfig>[0]> = {}) {
  const config = new RouterConfig({ version: '7.18', ...more });
  await config.run('/ip/hotspot/add', { interface: 'ether3', disabled: 'no' });
  const over: { refuse?: (path: string, args: Record<string, string>) => ApiOutcome | undefined } = {};
  const ask: Ask = async ([path = '', ...words]) => {
    const args = Object.fromEntries(
      words.flatMap((word) => {
        const pair = /^=([^=]+)=(.*)$/s.exec(word);
        return pair ? [[pair[1] ?? '', pair[2] ?? '']] : [];
      }),
    );
    const instead = over.refuse?.(path, args);
    if (instead) return instead;
    const reply = await config.run(path, args);
    return 'trap' in reply
      ? { kind: 'refused', message: reply.trap }
      : { kind: 'done', rows: 'rows' in reply ? reply.rows : [] };
  };
  return { config, ask, over };
}
const put = (ask: Ask, set: typeof first, told: number[] = []): Promise<PutOutcome> => {
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const files = set.files.map(({ path, bytes }) => ({ path, size: bytes.length }));
  return putPages(ask, { hash: set.hash, files, urlOf: (n) => `${base}/${set.hash}/${n}` }, async (done) => {
    told.push(done);
  });
};
const shown = (config: RouterConfig) =>
  config.find('/ip/hotspot/profile', { name: 'default' })?.['html-directory-override'];
const folderOf = (set: typeof first) => `lango-${set.hash.slice(0, 12)}`;

test.each([
  ['6.49', false],
  ['7.10', false],
  ['7.18', true],
] as const)(
  'RouterOS %s (flash: %s) gets every octet into a folder of its own, and shows it',
  async (version, flash) => {
    const { config, ask } = await routerWith({ version, flash });
    if (flash) config.files.write('flash/skins/default.json', Buffer.from('{}'));
    config.files.write('lango-notes.txt', Buffer.from('theirs'));
    const told: number[] = [];
    const folder = `${flash ? 'flash/' : ''}${folderOf(first)}`;
    expect(await put(ask, first, told)).toEqual({ kind: 'done', folder });
    expect(shown(config)).toBe(folder);
    for (const { path, bytes } of first.files) expect(config.files.read(`${folder}/${path}`)?.equals(bytes)).toBe(true);
    expect(told).toEqual([5, 10, 15, 20].filter((n) => n <= first.files.length));
    // A second time nothing is fetched; a file that was changed by hand is.
    fetched = [];
    expect(await put(ask, first)).toEqual({ kind: 'done', folder });
    expect(fetched).toEqual([]);
    config.files.write(`${folder}/login.html`, Buffer.from('theirs'));
    await put(ask, first);
    expect(fetched).toHaveLength(1);
    // The set before stays for a way back, older ones of ours go, and nothing else.
    await put(ask, second);
    await put(ask, third);
    const folders = new Set(config.files.names.map((name) => name.replace('flash/', '').split('/')[0]));
    expect(folders).toEqual(
      new Set([folderOf(second), folderOf(third), 'lango-notes.txt', ...(flash ? ['skins'] : [])]),
    );
  },
);

test('a router that dies half-way keeps its old pages, and goes on where it stopped', async () => {
  const { config, ask, over } = await routerWith();
  await put(ask, first);
  let commands = 0;
  over.refuse = () =>
    (commands += 1) > 9 ? { kind: 'unreachable', message: 'the router broke the connection' } : undefined;
  expect(await put(ask, second)).toMatchObject({ kind: 'failed', fault: 'unreachable' });
  expect(shown(config)).toBe(folderOf(first));
  const there = config.files.names.filter((name) => name.startsWith(folderOf(second))).length;
  expect(there).toBeGreaterThan(0);
  delete over.refuse;
  fetched = [];
  expect(await put(ask, second)).toMatchObject({ kind: 'done' });
  expect(fetched).toHaveLength(second.files.length - there);
});

test.each<[string, string, (path: string, args: Record<string, string>) => ApiOutcome | undefined]>([
  [
    'wrong_size',
    'a fetch that says it is through and wrote nothing',
    (path, args) =>
      path === '/tool/fetch' && args['dst-path']?.endsWith('/login.html')
        ? { kind: 'done', rows: [{ status: 'finished' }] }
        : undefined,
  ],
  [
    'fetch',
    'no way to the server',
    (path) => (path === '/tool/fetch' ? { kind: 'refused', message: 'failure: connection timeout' } : undefined),
  ],
  [
    'fetch',
    'a fetch that breaks off',
    (path) => (path === '/tool/fetch' ? { kind: 'done', rows: [{ status: 'failed' }] } : undefined),
  ],
  [
    'certificate',
    'a certificate that it does not trust',
    (path) =>
      path === '/tool/fetch'
        ? { kind: 'refused', message: 'failure: ssl: no trusted CA certificate found (6)' }
        : undefined,
  ],
  [
    'refused',
    'a user without the right',
    (path) => (path === '/file/print' ? { kind: 'refused', message: 'not enough permissions (9)' } : undefined),
  ],
  [
    'not_switched',
    'a profile that stays as it is',
    (path) => (path === '/ip/hotspot/profile/set' ? { kind: 'done', rows: [] } : undefined),
  ],
  [
    'no_hotspot',
    'no hotspot that is on',
    (path) => (path === '/ip/hotspot/print' ? { kind: 'done', rows: [] } : undefined),
  ],
])('%s: %s; the old pages stay', async (fault, _what, refuse) => {
  const { config, ask, over } = await routerWith();
  await put(ask, first);
  over.refuse = refuse;
  expect(await put(ask, second)).toMatchObject({ kind: 'failed', fault, detail: expect.any(String) });
  expect(shown(config)).toBe(folderOf(first));
  expect(config.files.read(`${folderOf(first)}/login.html`)).toBeDefined();
});

test('a disk that is full, and two hotspots of which one cannot be switched: all back to what it was', async () => {
  const small = await routerWith({ disk_bytes: 20_000 });
  expect(await put(small.ask, first)).toMatchObject({ kind: 'failed', fault: 'fetch' });
  expect(shown(small.config)).toBe('');
  const { config, ask, over } = await routerWith();
  await config.run('/ip/hotspot/profile/add', { name: 'second' });
  await config.run('/ip/hotspot/add', { name: 'hs2', interface: 'ether4', profile: 'second', disabled: 'no' });
  const id = config.find('/ip/hotspot/profile', { name: 'second' })?.['.id'];
  over.refuse = (path, args) =>
    path === '/ip/hotspot/profile/set' && args['.id'] === id && args['html-directory-override'] !== ''
      ? { kind: 'refused', message: 'failure' }
      : undefined;
  expect(await put(ask, first)).toMatchObject({ kind: 'failed', fault: 'not_switched' });
  expect(config.rows('/ip/hotspot/profile').map((row) => row['html-directory-override'])).toEqual(['', '']);
});

test('fifty routers at once', async () => {
  const routers = await Promise.all(Array.from({ length: 50 }, () => routerWith()));
  const outcomes = await Promise.all(routers.map(({ ask }) => put(ask, first)));
  expect(outcomes.filter(({ kind }) => kind !== 'done')).toEqual([]);
  expect(fetched).toHaveLength(50 * first.files.length);
  expect(routers.every(({ config }) => shown(config) === folderOf(first))).toBe(true);
}, 240_000);
