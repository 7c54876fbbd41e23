import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const base = join(__dirname, 'base');
const pages = readdirSync(base).filter((name) => name.endsWith('.html'));
const read = (name: string): string => readFileSync(join(base, name), 'utf8');

// RouterOS, "Hotspot customisation": what a page may ask the router to fill in.
const known = new Set(
  (
    'identity server-name error username chap-id chap-challenge link-login-only link-logout link-orig ' +
    'refresh-timeout refresh-timeout-secs session-time-left remain-bytes-total uptime bytes-in-nice bytes-out-nice'
  ).split(' '),
);

test.each(pages)('%s asks RouterOS only for what it knows, and closes each condition', (name) => {
  const asked = [...read(name).matchAll(/\$\((.*?)\)/g)].map((match) => match[1] ?? '');
  const variables = asked.flatMap((word) =>
    /^(else|endif)$/.test(word) ? [] : [word.replace(/^(if|elif) /, '').split(' ')[0] ?? ''],
  );
  expect(variables.filter((variable) => !known.has(variable))).toEqual([]);
  expect(asked.filter((word) => word.startsWith('if ')).length).toBe(asked.filter((word) => word === 'endif').length);
});

test('loads nothing from another host, and little altogether', () => {
  for (const name of pages) expect(read(name)).not.toMatch(/(src|href|action)="(https?:)?\/\//);
  const total = readdirSync(base).reduce((sum, name) => sum + statSync(join(base, name)).size, 0);
  expect(total).toBeLessThan(6000);
  expect(gzipSync(read('login.html')).length).toBeLessThan(14_000);
});

test('a refused guest reads the reason, and can try again by both methods', () => {
  const login = read('login.html');
  expect(login).toMatch(/\$\(if error\)[^]*role="alert"[^]*\$\(error\)[^]*\$\(endif\)/);
  expect(login).toContain("hexMD5('$(chap-id)' + login.password.value + '$(chap-challenge)')");
  expect(login.match(/action="\$\(link-login-only\)" method="post"/g)).toHaveLength(2);
});
