import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { projectRoot } from '../../platform/project-root';
import { contrastOfHex } from '../colours';
import { refusals } from './refusals';
import { renderPages, type PagesOf, type PageSet } from './render-pages';

const soko: PagesOf = {
  site: {
    slug: 'soko',
    name: 'Soko Mjinga Wi-Fi',
    words: '',
    phone: '0709 200 300',
    colour: '#0d2b32',
    accent: '#0e5560',
    languages: ['en', 'sw'],
    terms: 'Be kind.',
    terms_required: true,
    trial_minutes: 10,
    trial_once_per: 'device',
  },
  company: 'Umoja Fibre',
  logo: { type: 'image/png', bytes: Buffer.alloc(8192, 1) },
  publicUrl: 'https://isp.example.net',
  routerId: '7',
};
const withSite = (more: Partial<PagesOf['site']>, rest: Partial<PagesOf> = {}): PageSet =>
  renderPages({ ...soko, ...rest, site: { ...soko.site, ...more } });
const text = (set: PageSet, path: string): string =>
  set.files.find((file) => file.path === path)?.bytes.toString('utf8') ?? '';
const read = (...path: string[]): string => readFileSync(join(projectRoot(), ...path), 'utf8');

// RouterOS, "Hotspot customisation": what a page may ask the router to fill in; `-esc` may stand behind each.
const known = new Set(
  (
    'hostname identity login-by plain-passwd server-address ssl-login server-name link-login link-login-only link-logout link-status link-orig link-redirect ' +
    'domain interface-name ip host-ip mac logged-in trial username vlan-id idle-timeout idle-timeout-secs limit-bytes-in limit-bytes-out refresh-timeout ' +
    'refresh-timeout-secs session-timeout session-timeout-secs session-time-left session-time-left-secs uptime uptime-secs bytes-in bytes-in-nice bytes-out ' +
    'bytes-out-nice packets-in packets-out remain-bytes-in remain-bytes-out remain-bytes-total session-id var error error-orig chap-id chap-challenge popup ' +
    'advert-pending http-status http-header'
  ).split(' '),
);
const asked = (page: string): string[] => [...page.matchAll(/\$\((.*?)\)/g)].map((match) => match[1] ?? '');

test('asks RouterOS only for what it knows, and closes each condition', () => {
  for (const { path, bytes } of renderPages(soko).files) {
    if (!/\.(html|txt|json)$/.test(path)) {
      // What RouterOS does not look through.
      expect([path, asked(bytes.toString('latin1'))]).toEqual([path, []]);
      continue;
    }
    let open = 0;
    for (const word of asked(bytes.toString('utf8'))) {
      const variable = word.replace(/^(if|elif) /, '').split(' ')[0] ?? '';
      if (word.startsWith('if ')) open += 1;
      if (word === 'endif') open -= 1;
      expect(open).toBeGreaterThanOrEqual(0);
      if (word !== 'else' && word !== 'endif')
        expect([path, known.has(variable.replace(/-esc$/, ''))]).toEqual([path, true]);
    }
    expect([path, open]).toEqual([path, 0]);
  }
});

test('words of a company stay words: they ask the router for nothing and are no HTML', () => {
  const hostile = '$(if logged-in)</title><script>alert(1)</script>$(username)\uE000(mac)" onload="x';
  const set = withSite({ name: hostile, words: hostile, terms: hostile, phone: '0709' }, { company: hostile });
  const harmless = withSite({ words: 'x', phone: '0709' });
  expect(set.files.map(({ path }) => path)).toEqual(harmless.files.map(({ path }) => path));
  for (const { path, bytes } of set.files) {
    const page = bytes.toString('utf8');
    expect([path, asked(page)]).toEqual([path, asked(text(harmless, path))]);
    expect([path, page.match(/<script/g)?.length]).toEqual([path, text(harmless, path).match(/<script/g)?.length]);
    expect(page).not.toContain('" onload');
  }
  expect(text(set, 'login.html')).toContain('&#36;(username)');
});

test('a phone loads little, from the router alone', () => {
  const set = withSite({ terms: 'ä'.repeat(4000) });
  const size = (path: string): number => set.files.find((file) => file.path === path)?.bytes.length ?? NaN;
  for (const { bytes } of set.files.filter((file) => file.path.endsWith('.html'))) {
    const page = bytes.toString('utf8');
    const loaded = [...page.matchAll(/(?:src|href)="\/([\w-]+\.(?:css|js|png))"/g)].map((match) => match[1] ?? '');
    expect(new Set(loaded).size + 1).toBeLessThanOrEqual(6);
    expect(loaded.reduce((sum, one) => sum + size(one), bytes.length)).toBeLessThan(50_000);
    expect(gzipSync(bytes).length).toBeLessThan(14_000);
    // Nothing is loaded from elsewhere; links lead to the shop alone, which a script first asks whether it is there.
    expect(page).not.toMatch(/(src|srcset|data|action)="?(https?:)?\/\//);
    const away = [...page.matchAll(/"(https?:\/\/[^"]*)"/g)].map((match) => match[1] ?? '');
    expect(away.filter((url) => !/^https:\/\/isp\.example\.net\/(hotspot|api\/sites\/door)\/soko\b/.test(url))).toEqual(
      [],
    );
  }
  // RouterOS compresses nothing: without a picture and long terms all of a login is 10 KB as it lies on the disk.
  const plain = withSite({}, { logo: undefined });
  const needed = plain.files.filter(({ path }) => /^(login\.html|md5\.js|lango-|captive-)/.test(path));
  expect(needed).toHaveLength(4);
  expect(needed.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(10_000);
});

test('in the dark scheme every word is read, whatever the accent of the site, and the router’s own trial stands only where devices have it', () => {
  for (const accent of ['#000000', '#0e5560', '#102030', '#7a0000', '#3d0070', '#5c5c00']) {
    const set = withSite({ accent });
    const css = set.files.find(({ path }) => path.endsWith('.css'))?.bytes.toString('utf8') ?? '';
    const dark = css.split('@media (prefers-color-scheme:dark)')[1] ?? '';
    const of = (selector: string, property: string): string =>
      new RegExp(`^${selector.replaceAll('.', '\\.')}\\{[^}]*?(?<![-\\w])${property}:(#[0-9a-f]{6})`, 'm').exec(
        dark,
      )?.[1] ?? 'none';
    const ground = of('body', 'background');
    const pairs: [string, string][] = [
      [of('body', 'color'), ground],
      [of('a', 'color'), ground],
      [of('a', 'color'), of('.note,dl', 'background')],
      [of('input,button,.button', 'color'), of('input,button,.button', 'background')],
      [of('.is-buy', 'color'), of('.is-buy', 'background')],
      [of('dt,footer', 'color'), of('.note,dl', 'background')],
      [of('.error', 'color'), of('.error', 'background')],
    ];
    for (const [one, other] of pairs)
      expect({ accent, one, other, read: contrastOfHex(one, other) >= 4.5 }).toEqual({
        accent,
        one,
        other,
        read: true,
      });
    expect(contrastOfHex(of('input,button,.button', 'border-color'), ground)).toBeGreaterThanOrEqual(3);
  }
  expect(text(withSite({}), 'login.html')).toContain('name="trial"');
  for (const trial_once_per of ['phone', 'identity'] as const)
    expect(text(withSite({ trial_once_per }), 'login.html')).not.toContain('name="trial"');
});

test('the same site makes the same set, every change another, and what browsers keep changes its name', () => {
  const first = renderPages(soko);
  expect(renderPages(soko)).toEqual(first);
  const names = (set: PageSet): string[] => set.files.map(({ path }) => path);
  const others = [
    { name: 'Other' },
    { accent: '#102030' },
    { languages: ['sw', 'en'] as PagesOf['site']['languages'] },
  ];
  expect(new Set([first, ...others.map((one) => withSite(one))].map(({ hash }) => hash)).size).toBe(4);
  expect(names(withSite({ accent: '#102030' }))).not.toEqual(names(first));
  expect(names(withSite({ languages: ['sw'] })).filter((name) => name.includes('/'))).toEqual([]);
  expect(text(withSite({ languages: ['sw', 'en'] }), 'login.html')).toContain('<html lang="sw">');
  expect(text(withSite({ languages: ['sw', 'en'] }), 'en/login.html')).toContain('href="/login?stay&#x3D;1" lang="sw"');
  expect(renderPages({ ...soko, routerId: undefined }).hash).not.toBe(first.hash);
});

test('every reason to refuse a guest and every fault of the router has its words in both languages', () => {
  const [en, sw] = (['en', 'sw'] as const).map(
    (lang) => JSON.parse(read('hotspot-templates', 'words', `${lang}.json`)) as Record<string, Record<string, string>>,
  );
  expect(Object.keys(sw ?? {})).toEqual(Object.keys(en ?? {}));
  expect(Object.keys(sw?.['errors'] ?? {})).toEqual(Object.keys(en?.['errors'] ?? {}));
  expect(Object.keys(sw?.['reasons'] ?? {})).toEqual(refusals.map(({ code }) => code));
  // That page is held to access_reasons().
  const written = [...read('docs/reference/reasons.md').matchAll(/^\| `(\w+)` \| (?:garden or )?reject \| ([^|]*)\|/gm)]
    .map((match) => match[2]?.trim() ?? '')
    .filter((sentence) => sentence !== '');
  expect(new Set(refusals.map(({ said }) => said))).toEqual(new Set(written));
  const page = text(renderPages(soko), 'sw/login.html');
  for (const { said } of refusals) expect(page).toContain(`error == "${said}")`);
});

test('md5.js answers a challenge as RFC 1321 has it', () => {
  const script =
    renderPages(soko)
      .files.find(({ path }) => path === 'md5.js')
      ?.bytes.toString('utf8') ?? '';
  const hexMD5 = runInNewContext(`${script};hexMD5`) as (text: string) => string;
  for (const length of [0, 1, 55, 56, 63, 64, 65, 500]) {
    const octets = Buffer.from(Array.from({ length }, (_, n) => (n * 37 + length) & 255));
    expect(hexMD5(octets.toString('latin1'))).toBe(createHash('md5').update(octets).digest('hex'));
  }
});
