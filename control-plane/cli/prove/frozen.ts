import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commit } from '../bench/report';
import { projectRoot } from '../../platform/project-root';
import { StartError } from '../start-error';

/** Lies in a frozen copy and holds the commit that it was made of. */
const mark = '.frozen-commit';
/** Modules are linked: half a gigabyte, which no build touches. */
const leftOut = ['node_modules', '.git', '.lango', '.lango-test', 'coverage'];
const stamp = 'dist/.sources-hash';

/** The commit of the frozen copy that this program runs from; undefined when it runs from a working copy. */
export function frozenCommit(): string | undefined {
  const file = join(projectRoot(), mark);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * Runs `lango prove` from a copy of this program that nobody builds anew meanwhile. A proof kills processes for minutes, and each that comes back
 * would otherwise start from whatever stands in dist/ by then: another version beside those that went on. Gives its exit code.
 * @throws StartError when the program is being built all the time
 */
export async function proveFrozen(args: readonly string[]): Promise<number> {
  const copy = mkdtempSync(join(tmpdir(), 'lango-frozen-'));
  // Postgres and FreeRADIUS run as users of their own and must get through.
  chmodSync(copy, 0o711);
  try {
    freeze(copy);
    return await goOn(copy, args);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function freeze(copy: string): void {
  const root = projectRoot();
  const built = (): string => (existsSync(join(root, stamp)) ? readFileSync(join(root, stamp), 'utf8') : '');
  for (let tries = 0; tries < 5; tries++) {
    const before = built();
    for (const name of readdirSync(root))
      if (!leftOut.includes(name)) cpSync(join(root, name), join(copy, name), { recursive: true, force: true });
    if (built() !== before) continue;
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    writeFileSync(join(copy, mark), commit(root));
    return;
  }
  throw new StartError('The program is being built all the time. Wait until that is over, then run this again.');
}

function goOn(copy: string, args: readonly string[]): Promise<number> {
  const program = join(copy, 'dist/control-plane/cli/main.js');
  const child = spawn(process.execPath, ['--enable-source-maps', program, 'prove', ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the child too; this process only waits for its end.
  const wait = (): void => undefined;
  const passOn = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', wait).on('SIGTERM', passOn);
  return new Promise((done) => {
    const over = (code: number): void => {
      process.off('SIGINT', wait).off('SIGTERM', passOn);
      done(code);
    };
    child.once('error', () => over(127));
    child.once('exit', (code) => over(code ?? 1));
  });
}
