import type { Row } from '../../../../radius/routeros';
import { commandTree } from '../config/schema';
import { faultsOfScript, Interpreter, parseScript } from '.';

const said: [string, Row][] = [];
const tables: Record<string, Row[]> = {};
const files: Record<string, string> = {};
beforeEach(() => {
  said.length = 0;
  tables['/ip/pool'] = [
    { '.id': '*1', name: 'a', comment: 'mine' },
    { '.id': '*2', name: 'b', comment: '' },
  ];
  tables['/ip/service'] = [{ '.id': '*5', name: 'api', disabled: 'true' }];
  tables['/system/resource'] = [{ version: '7.15.3 (stable)' }];
});
const console = () =>
  new Interpreter({
    tree: commandTree('7.15'),
    run(path, args) {
      const menu = path.replace(/\/[^/]+$/, '');
      if (path.endsWith('/print')) return { rows: tables[menu] ?? [] };
      said.push([path, args]);
      return args['name'] === 'refused' ? { trap: 'failure: no' } : { done: true };
    },
    file: (name) => files[name],
    resolve: (host) => Promise.resolve(host === 'isp.example' ? '192.0.2.1' : ''),
  });

describe('a script', () => {
  it('is read with menus that stay in force, continued lines, comments and blocks', () => {
    const script = parseScript(
      '# first\n/ip firewall filter\nadd chain=input \\\n  action=accept\n/ip/pool add name=x\n:if (1 = 1) do={ /ip pool remove [find name=x] }',
    );
    expect(script.map(({ menu, name, line }) => [menu.join(' '), name, line])).toEqual([
      ['ip firewall filter', 'add', 3],
      ['ip pool', 'add', 5],
      ['', ':if', 6],
    ]);
  });

  it.each([
    ['/ip pool add name="x', /closing quote/],
    ['/ip pool add name=x }', /line 1/],
    ['/ip pool bogus=1', /bad command name/],
    [':if (1 = ) do={}', /syntax error/],
  ])('%s is refused', (text, why) => expect(() => parseScript(text)).toThrow(why));

  it('names what a version does not know, in branches that are not taken too', () => {
    const script = parseScript(
      ':if (false) do={ /radius add require-message-auth=no }\n/interface wireguard print\n/ip hotspot profile set [find] https-redirect=no\n:bogus 1',
    );
    expect(faultsOfScript(script, commandTree('7.14')).map(({ line, fault }) => `${line} ${fault}`)).toEqual([
      '1 /radius/add takes no require-message-auth',
      '3 /ip/hotspot/profile/set takes no https-redirect',
      '4 bad command name :bogus',
    ]);
    expect(faultsOfScript(script, commandTree('6.49')).map(({ line }) => line)).toEqual([1, 2, 4]);
  });

  it('finds, gets, sets and removes', async () => {
    await console().paste(
      '/ip pool set [find comment=mine name!=z] ranges=1; /ip pool remove [find where name~"^b" or comment="x"]\n/ip service set api disabled=no; /ip pool set [find name=none] ranges=2',
    );
    expect(said).toEqual([
      ['/ip/pool/set', { ranges: '1', '.id': '*1' }],
      ['/ip/pool/remove', { '.id': '*2' }],
      ['/ip/service/set', { disabled: 'no', '.id': '*5' }],
    ]);
  });

  it('computes: variables, strings, picks, lists, loops and names of hosts', async () => {
    const run = console();
    await run.paste(
      `{:local v [/system resource get version]; :put ("v" . [:pick $v 0 [:find $v " "]])}
:local n 1
:if ([:len [/ip pool find]] = 2) do={ :set n ($n + 1) } else={ :set n 0 }
:put "$n \\"quoted\\" \\24 $[:resolve "isp.example"]"
:foreach p in=[/ip pool find] do={ :put [/ip pool get $p name] }`,
    );
    expect(run.printed).toEqual(['v7.15.3', '2 "quoted" $ 192.0.2.1', 'a', 'b']);
  });

  it('goes on after a failure that is caught, and stops at one that is not', async () => {
    const run = console();
    await run.paste(':do { /ip pool add name=refused } on-error={ :put "caught" }');
    expect(run.printed).toEqual(['caught']);
    await expect(console().paste('/ip pool add name=refused; /ip pool add name=after')).rejects.toThrow('failure: no');
    expect(said.map(([, args]) => args['name'])).toEqual(['refused', 'refused']);
  });

  it('imports a file, and does nothing of one that this version cannot read', async () => {
    files['good.rsc'] = '/ip pool add name=good';
    files['bad.rsc'] = '/ip pool add name=first\n/radius add bogus=1';
    await console().paste('/import file-name=good.rsc');
    await expect(console().paste('/import file-name=bad.rsc')).rejects.toThrow('takes no bogus');
    expect(said).toEqual([['/ip/pool/add', { name: 'good' }]]);
  });
});
