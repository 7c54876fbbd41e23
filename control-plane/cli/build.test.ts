import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../platform/project-root';

/** A small tree with the builder in its place. */
let tree: string;
const at = (name: string): string => join(tree, name);
const built = (name: string): string => readFileSync(at(`dist/control-plane/${name}`), 'utf8');
const build = (): void => {
  const { status, stderr } = spawnSync(process.execPath, [at('control-plane/cli/build.cjs')], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
};
/** Written now, whatever the clock of the disk thinks of two writes in one moment. */
let written = Date.now() / 1000 - 1000;
const write = (name: string, text: string): void => {
  writeFileSync(at(name), text);
  written += 10;
  utimesSync(at(name), written, written);
};

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'lango-build-'));
  mkdirSync(at('control-plane/cli'), { recursive: true });
  cpSync(join(projectRoot(), 'control-plane/cli/build.cjs'), at('control-plane/cli/build.cjs'));
  symlinkSync(join(projectRoot(), 'node_modules'), at('node_modules'));
  write('control-plane/words.json', '{"gate":"open"}');
  write('control-plane/one.ts', `import words from './words.json';\nexport const gate: string = words.gate;\n`);
  build();
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

test('a JSON file that changed alone is in dist/ after the next build, and the build is told from the one before', () => {
  expect(built('words.json')).toContain('open');
  const before = readFileSync(at('dist/.sources-hash'), 'utf8');
  write('control-plane/words.json', '{"gate":"shut"}');
  build();
  expect(built('words.json')).toContain('shut');
  expect(readFileSync(at('dist/.sources-hash'), 'utf8')).not.toBe(before);
});

test('what has changed is compiled, what is gone is removed, and a build of nothing new changes nothing', () => {
  const before = readFileSync(at('dist/.sources-hash'), 'utf8');
  build();
  expect(readFileSync(at('dist/.sources-hash'), 'utf8')).toBe(before);
  write('control-plane/one.ts', 'export const gate = 7;\n');
  build();
  expect(built('one.js')).toContain('= 7');
  expect(existsSync(at('dist/control-plane/words.json'))).toBe(false);
});
