import type { ApiOutcome } from '../../radius/routeros';
import { RouterConfig } from '../test-kit/mikrotik';
import { around, countChanges, diffLines } from './diff';
import { readExport } from './read-export';

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
const atOnce = (): Promise<void> => Promise.resolve();

test.each(['6.49', '7.10', '7.14', '7.15', '7.18'] as const)(
  'all of %s, however long, without secrets, and no file is left',
  async (version) => {
    const config = new RouterConfig({ version });
    await config.run('/radius/add', { service: 'ppp', address: '10.0.0.1', secret: 'hush-hush' });
    await config.run('/ppp/secret/add', { name: 'neighbour', password: 'hush-too' });
    // Three times what the version shows of a file, but no menu beyond 4 KB on version 6.
    const rules = version === '6.49' ? 12 : 300;
    for (let n = 0; n < rules; n++) {
      await config.run('/ip/firewall/filter/add', {
        chain: 'input',
        action: 'accept',
        comment: `rule number ${n} ${'of many that somebody made '.repeat(8)}`,
      });
      await config.run('/ip/firewall/nat/add', {
        chain: 'srcnat',
        action: 'accept',
        comment: `rule number ${n} ${'of many that somebody made '.repeat(8)}`,
      });
    }
    const said = await readExport(askOf(config), atOnce);
    if (version === '7.10') {
      // It shows 60 KB of a file and has no /file/read: menu by menu, and what is still too long is named.
      expect(said).toMatchObject({ kind: 'read', missing: ['/ip/firewall/filter', '/ip/firewall/nat'] });
      return;
    }
    if (said.kind !== 'read') throw new Error(said.why);
    expect(said.missing).toEqual([]);
    expect(said.words).toContain(`comment="rule number ${rules - 1} of many`);
    expect(said.words.match(/^add action=accept chain=srcnat/gm)).toHaveLength(rules);
    expect(said.words).toContain('name=neighbour');
    expect(said.words).not.toMatch(/hush|^#/m);
    expect(config.files.names).toEqual([]);
    expect(await readExport(askOf(config), atOnce)).toEqual(said);
  },
);

test('a comparison is the shortest, with the menu that each change stands in', () => {
  const before = [
    '/ip pool',
    'add name=a',
    'add name=b',
    '/radius',
    'add address=1',
    ...Array.from({ length: 20 }, (_, n) => `line ${n}`),
  ].join('\n');
  const after = before.replace('add name=b', 'add name=c\nadd name=d').replace('line 19', 'line x');
  const diff = diffLines(before, after);
  expect(countChanges(diff)).toEqual({ added: 3, removed: 2 });
  expect(
    diff
      .filter(({ sign }) => sign !== '+')
      .map(({ text }) => text)
      .join('\n'),
  ).toBe(before);
  expect(
    diff
      .filter(({ sign }) => sign !== '-')
      .map(({ text }) => text)
      .join('\n'),
  ).toBe(after);
  const shown = around(diff, 1);
  expect(shown.map((line) => (line === null ? '…' : `${line.sign}${line.text}`))).toEqual([
    ' /ip pool',
    ' add name=a',
    '-add name=b',
    '+add name=c',
    '+add name=d',
    ' /radius',
    '…',
    ' line 18',
    '-line 19',
    '+line x',
  ]);
  expect(diffLines('', 'a\nb')).toHaveLength(2);
});
