import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Runs a script in a process of its own, with the accounting program and an empty folder as its arguments. */
function runGroup(code: string): { stderr: string; stdout: string } {
  const dataDir = mkdtempSync(join(tmpdir(), 'lango-group-'));
  const program = resolve(__dirname, '../../dist/radius/accounting/index.js');
  const { stderr, stdout } = spawnSync(process.execPath, ['-e', code, program, dataDir], {
    encoding: 'utf8',
    timeout: 25_000,
  });
  rmSync(dataDir, { recursive: true, force: true });
  return { stderr, stdout };
}

/** Kills the only worker while its spool cannot be made, and tells how many stand around after several tries to replace it. */
const script = `
  const { startAccounting } = require(process.argv[1]);
  const { rmSync, writeFileSync } = require('node:fs');
  const dataDir = process.argv[2];
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  (async () => {
    const accounting = await startAccounting({ databaseUrl: 'postgresql://a@127.0.0.1:1/a', bind: '127.0.0.1', port: 0, dataDir, log, workers: 1 });
    rmSync(dataDir + '/spool', { recursive: true });
    writeFileSync(dataDir + '/spool', 'in the way');
    process.kill(accounting.pids()[0], 'SIGKILL');
    await new Promise((over) => setTimeout(over, 6000));
    process.stdout.write(String(accounting.pids().length));
    await accounting.stop();
    process.exit(0);
  })();`;

test('accounting processes that cannot start do not pile up', () => {
  const ran = runGroup(script);
  expect(ran.stderr).toBe('');
  // At most the one that is being tried at this moment.
  expect(Number(ran.stdout)).toBeLessThanOrEqual(1);
  expect(ran.stdout).toMatch(/^\d$/);
});

/** Kills the worker and stands still, so that the sign of life is asked for before anything tells that the worker is gone. */
const killedUnseen = `
  const { startAccounting } = require(process.argv[1]);
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  (async () => {
    const accounting = await startAccounting({ databaseUrl: 'postgresql://a@127.0.0.1:1/a', bind: '127.0.0.1', port: 0, dataDir: process.argv[2], log, workers: 1 });
    const [killed] = accounting.pids();
    process.kill(killed, 'SIGKILL');
    for (const end = Date.now() + 400; Date.now() < end; );
    for (const end = Date.now() + 10_000; Date.now() < end && (accounting.pids()[0] ?? killed) === killed; )
      await new Promise((over) => setTimeout(over, 50));
    process.stdout.write(accounting.pids()[0] === killed ? 'nobody' : 'another');
    await accounting.stop();
    process.exit(0);
  })();`;

test('an accounting process that was killed unseen is replaced, and the one that looks after it goes on', () => {
  expect(runGroup(killedUnseen)).toEqual({ stderr: '', stdout: 'another' });
});

/** Kills the only worker while the system makes no process, and lets it make one again when that was told. */
const noProcess = `
  const { startAccounting } = require(process.argv[1]);
  const log = { debug() {}, info() {}, warn() {}, error(fields, text) { if (/could not be started/.test(text)) process.execPath = node; } };
  const node = process.execPath;
  (async () => {
    const accounting = await startAccounting({ databaseUrl: 'postgresql://a@127.0.0.1:1/a', bind: '127.0.0.1', port: 0, dataDir: process.argv[2], log, workers: 1 });
    const [killed] = accounting.pids();
    process.execPath = '/there/is/no/node';
    process.kill(killed, 'SIGKILL');
    const replaced = () => (accounting.pids()[0] ?? 0) > 0 && accounting.pids()[0] !== killed;
    for (const end = Date.now() + 15_000; Date.now() < end && !replaced(); ) await new Promise((over) => setTimeout(over, 50));
    process.stdout.write(replaced() ? 'another' : 'nobody');
    await accounting.stop();
    process.exit(0);
  })();`;

test('when the system makes no process for an accounting worker it is asked again, and what looks after them goes on', () => {
  expect(runGroup(noProcess)).toEqual({ stderr: '', stdout: 'another' });
});
