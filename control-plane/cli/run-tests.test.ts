/** Which files CI asks twice, and what the closing line of `npm test` says then: a real Jest over three little files. */
import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../platform/project-root';

const dir = mkdtempSync(join(tmpdir(), 'lango-run-tests-'));
afterAll(() => rmSync(dir, { recursive: true }));

const always = `test('holds', () => expect(1).toBe(1));`;
const never = `test('breaks', () => expect(1).toBe(2));`;
/** Fails the first time it is asked. */
const once = (name: string): string =>
  `test('holds', () => {});
   test('comes late', () => { const fs = require('fs'); const seen = fs.existsSync('${name}'); fs.writeFileSync('${name}', ''); expect(seen).toBe(true); });`;

async function run(files: Record<string, string>, ci: string): Promise<{ code: number; out: string }> {
  const cwd = mkdtempSync(join(dir, 'project-'));
  mkdirSync(join(cwd, 'tests'));
  symlinkSync(join(projectRoot(), 'node_modules'), join(cwd, 'node_modules'));
  writeFileSync(
    join(cwd, 'package.json'),
    JSON.stringify({ jest: { transform: {}, haste: { enableSymlinks: false } } }),
  );
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, 'tests', `${name}.test.js`), text);
  const program = `
    const { spawn } = require('node:child_process');
    const child = (program, args, env) => new Promise((done) => spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } }).once('exit', done));
    require(${JSON.stringify(join(projectRoot(), 'control-plane/cli/run-tests.cjs'))}).runTests(child, ['--rootDir', '.']).then((code) => process.exit(code));`;
  const env = { PATH: process.env['PATH'], CI: ci };
  return promisify(execFile)(process.execPath, ['-e', program], { cwd, env }).then(
    ({ stdout }) => ({ code: 0, out: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, out: error.stdout }),
  );
}
const lastLine = (out: string): string => out.trimEnd().split('\n').at(-1) ?? '';

test('CI asks a failing file once more, says so, and counts it by its second answer', async () => {
  const { code, out } = await run({ always, once: once('seen') }, 'true');
  expect(lastLine(out)).toBe('3 passed, 0 failed');
  expect(out).toContain('PASSED ONLY ALONE: tests/once.test.js');
  expect(code).toBe(0);
});

test('what fails twice fails', async () => {
  const { code, out } = await run({ always, never }, 'true');
  expect(lastLine(out)).toBe('1 passed, 1 failed');
  expect(out).toContain('FAILED TWICE: tests/never.test.js');
  expect(code).toBe(1);
});

test('outside CI, and where more than two files fail, nothing is asked again', async () => {
  const here = await run({ always, once: once('seen') }, '');
  expect(lastLine(here.out)).toBe('2 passed, 1 failed');
  expect(here.code).toBe(1);
  const many = await run({ a: once('a'), b: once('b'), c: once('c') }, 'true');
  expect(lastLine(many.out)).toBe('3 passed, 3 failed');
  expect(many.code).toBe(1);
});
