'use strict';
/** `npm run check`: every static check, all of them even when one fails, with one line each. */
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');
const bin = (name) => path.join(root, 'node_modules/.bin', name);

const checks = [
  ['client and build', process.execPath, [path.join(__dirname, 'build.cjs')]],
  ['types', bin('tsc'), ['--noEmit']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings']],
  ['format', bin('prettier'), ['--check', '--log-level=warn', '.']],
  // Who imports whom, and whether the generated documents are what the code says; --write writes them.
  [
    'house rules',
    process.execPath,
    [path.join(root, 'dist/control-plane/cli/check/main.js'), ...process.argv.slice(2)],
  ],
];

let failed = 0;
for (const [name, program, args] of checks) {
  const began = Date.now();
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  const good = result.status === 0;
  if (!good) failed++;
  process.stdout.write(
    `${good ? 'ok    ' : 'FAILED'} ${name.padEnd(18)} ${((Date.now() - began) / 1000).toFixed(1)} s\n`,
  );
  if (!good) process.stdout.write(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}\n`);
}
process.stdout.write(failed === 0 ? 'All checks passed.\n' : `${failed} of ${checks.length} checks failed.\n`);
process.exit(failed === 0 ? 0 : 1);
