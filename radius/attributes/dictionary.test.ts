import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ATTRIBUTE_NAMES, definition, findName, knownName } from '.';

// FreeRADIUS' own dictionaries, which its Debian package installs; `npm test` sees to that.
const FOLDER = '/usr/share/freeradius';
const VENDORS: Record<string, number> = {
  Mikrotik: 14988,
  Microsoft: 311,
  WISPr: 14122,
  Ascend: 529,
  'ADSL-Forum': 3561,
};

interface Entry {
  vendor: number;
  number: number;
  type: string;
}

function load() {
  if (!existsSync(FOLDER)) throw new Error(`${FOLDER} is missing: install the Debian package freeradius-common`);
  const files = readdirSync(FOLDER).filter((f) =>
    /^dictionary\.(rfc\d+|mikrotik|microsoft|wispr|ascend|freeradius)$/.test(f),
  );
  const attributes = new Map<string, Entry>();
  const values = new Map<string, Map<string, number>>();
  for (const file of files) {
    let vendor = 0;
    for (const line of readFileSync(join(FOLDER, file), 'utf8').split('\n')) {
      const [word, name = '', third = '', fourth = ''] = line.trim().split(/\s+/);
      if (word === 'BEGIN-VENDOR') vendor = VENDORS[name] ?? -1;
      if (word === 'END-VENDOR') vendor = 0;
      if (word === 'ATTRIBUTE')
        attributes.set(name, { vendor, number: Number(third), type: fourth.replace(/\[.*/, '') });
      if (word === 'VALUE')
        values.set(name, (values.get(name) ?? new Map<string, number>()).set(third, Number(fourth)));
    }
  }
  return { attributes, values };
}

const dictionary = load();
const names = ATTRIBUTE_NAMES;

test.each(names)('%s has the vendor, number and type of FreeRADIUS', (name) => {
  const { vendor, number, type, secret } = definition(name);
  const entry = dictionary.attributes.get(name);
  // User-Password is text there only after it has been revealed, which we do apart.
  const theirs = entry !== undefined && secret && entry.type === 'string' && type === 'octets' ? 'octets' : entry?.type;
  expect({ vendor: entry?.vendor, number: entry?.number, type: theirs }).toEqual({ vendor, number, type });
});

test('every name of an enumeration has the number of FreeRADIUS', () => {
  for (const name of names) {
    for (const [value, number] of Object.entries(definition(name).values ?? {})) {
      expect([name, value, dictionary.values.get(name)?.get(value)]).toEqual([name, value, number]);
    }
  }
});

test('no two names share a number', () => {
  for (const name of names) expect(knownName(definition(name).vendor, definition(name).number)).toBe(name);
});

test('names are found in any case', () => {
  expect(findName('mikrotik-rate-LIMIT')).toBe('Mikrotik-Rate-Limit');
  expect(findName('constructor')).toBeUndefined();
});
