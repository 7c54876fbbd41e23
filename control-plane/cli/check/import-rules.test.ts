import { importFaults } from './import-rules';
import { importsOf } from './source';

test('every file imports only what it may', () => {
  expect(importFaults()).toEqual([]);
});

test.each([
  ['radius/packet/x.ts', "import { log } from '../../control-plane/platform/log';", /nothing of ours/],
  [
    'radius/accounting/x.ts',
    "import { log } from '../../control-plane/platform/log';",
    /never imports the control plane/,
  ],
  ['control-plane/platform/x.ts', "import { signIn } from '../staff';", /know no slice/],
  ['control-plane/platform/x.ts', "import { format } from '../ui';", /does not know the ui/],
  ['control-plane/plans/x.ts', "import { hashPassword } from '../staff/password';", /only door/],
  ['control-plane/plans/x.ts', "import { healthSource } from '../health';", /nobody imports health/],
  ['control-plane/plans/x.ts', "import type { Request } from 'express';", /Express stays/],
  ['control-plane/plans/x.ts', "import { makeClient } from '../test-kit/story';", /made for tests/],
  ['control-plane/plans/x.ts', "const url = process.env['DATABASE_URL'];", /config.ts alone/],
  ['control-plane/plans/x.ts', "const later = require('../staff/password');", /only door/],
])('%s with %s is refused', (file, text, rule) => {
  expect(importFaults([file], () => text)).toEqual([expect.stringMatching(rule)]);
});

test.each([
  ['control-plane/plans/x.ts', "import { signIn } from '../staff';"],
  ['control-plane/admin/x.ts', "import { listStaff } from '../staff/queries';"],
  ['control-plane/plans/x.test.ts', "import { hashPassword } from '../staff/password';"],
  ['control-plane/plans/api.routes.ts', "import type { Request } from 'express';"],
  ['control-plane/app.ts', "import { healthSource } from './health';"],
])('%s with %s is fine', (file, text) => {
  expect(importFaults([file], () => text)).toEqual([]);
});

test('a circle of slices is told once, by its whole way', () => {
  const texts: Record<string, string> = {
    'control-plane/staff/a.ts': "import { b } from '../plans';",
    'control-plane/plans/b.ts': "import { c } from '../audit';",
    'control-plane/audit/c.ts': "import { a } from '../staff';",
  };
  expect(importFaults(Object.keys(texts), (file) => texts[file] ?? '')).toEqual([
    expect.stringMatching(/staff → plans → audit → staff: .*circle/),
  ]);
});

test('imports over several lines, type imports and re-exports are read with their names', () => {
  const text =
    "import {\n  a,\n  type B,\n} from './one';\nimport type { C as D } from 'pkg';\nexport { e } from './two';\n";
  expect(importsOf('control-plane/x.ts', text).map(({ from, names, typeOnly }) => [from, names, typeOnly])).toEqual([
    ['./one', ['a', 'B'], false],
    ['pkg', ['C'], true],
    ['./two', ['e'], false],
  ]);
});
