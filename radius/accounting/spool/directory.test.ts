import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { segmentsIn, SpoolDirectory } from './directory';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lango-spool-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What a process left, with an owner file of this content whose last sign of life is `silent_s` seconds old. */
function leave(name: string, owner: string, silent_s: number): void {
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, '00000001.seg'), 'x');
  writeFileSync(join(root, name, 'owner.json'), owner);
  const at = new Date(Date.now() - silent_s * 1000);
  utimesSync(join(root, name, 'owner.json'), at, at);
}

test('a spool whose owner file a power cut left empty or half is taken over once its owner is silent', () => {
  leave('empty', '', 90);
  leave('half', '{"pid": 1', 90);
  leave('alive', '', 5);
  const claimed = new SpoolDirectory(root).claimLeftBehind();
  expect(claimed.map(({ from }) => from).sort()).toEqual(['empty', 'half']);
  expect(claimed.map(({ path }) => segmentsIn(path).length)).toEqual([1, 1]);
  expect(existsSync(join(root, 'alive'))).toBe(true);
});

test('what passes through several dead hands still tells who wrote it', () => {
  const [b, c] = [new SpoolDirectory(root), new SpoolDirectory(root)];
  leave('a', '', 90);
  expect(b.claimLeftBehind().map(({ from }) => from)).toEqual(['a']);
  // B dies before it has drained, and is silent.
  writeFileSync(join(b.path, 'owner.json'), '');
  const long_ago = new Date(Date.now() - 90_000);
  utimesSync(join(b.path, 'owner.json'), long_ago, long_ago);
  const claimed = c.claimLeftBehind();
  expect(claimed.map(({ from }) => from).sort()).toEqual(['a', b.instance].sort());
  expect(claimed.flatMap(({ path }) => segmentsIn(path))).toHaveLength(1);
});
