'use strict';
/**
 * The first program of a bare clone: brings npm packages, Debian packages and dist/ into order, then goes on as the
 * command that was asked for. Plain JavaScript without dependencies, because nothing is installed when it begins.
 */
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { withProgress, run } = require('./progress.cjs');
const { ensurePackages } = require('./packages.cjs');
const { runTests } = require('./run-tests.cjs');

const root = path.resolve(__dirname, '../..');
const say = (text) => process.stderr.write(`${text}\n`);

/** Ends with one sentence that says what to do. */
function giveUp(text) {
  say(`\n${text}`);
  process.exit(1);
}

function refuseOldNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    giveUp(
      `Lango needs Node.js 20.19 or newer; this is ${process.versions.node}. Install a newer one from nodejs.org or your distribution.`,
    );
  }
}

/** node_modules belongs to this package-lock.json when it carries its hash, or was written after it by npm itself. */
function modulesInOrder() {
  const lock = path.join(root, 'package-lock.json');
  const written = path.join(root, 'node_modules/.package-lock.json');
  if (!fs.existsSync(written)) return false;
  const stamp = path.join(root, 'node_modules/.lango-lock');
  const hash = createHash('sha256').update(fs.readFileSync(lock)).digest('hex');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === hash) return true;
  if (fs.statSync(written).mtimeMs < fs.statSync(lock).mtimeMs) return false;
  fs.writeFileSync(stamp, hash);
  return true;
}

async function ensureModules() {
  if (modulesInOrder()) return;
  const log = path.join(os.tmpdir(), `lango-npm-${process.pid}.log`);
  say('Installing npm packages into node_modules (about 600 MB on disk, once):');
  const result = await withProgress('npm ci', () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=warn'], {
      logFile: log,
      cwd: root,
      env: { NODE_ENV: 'development' },
    }),
  );
  fs.rmSync(log, { force: true });
  if (result.code !== 0) {
    giveUp(
      `npm could not install the packages:\n${result.tail}\nCheck the network, the npm registry setting and the free disk space, then run this again.`,
    );
  }
  fs.rmSync(path.join(root, 'node_modules/.lango-lock'), { force: true });
  modulesInOrder();
}

/** A release image ships dist/ without a compiler; everywhere else dist/ follows the sources. */
async function ensureBuilt() {
  const compiled = path.join(root, 'dist/control-plane/cli/main.js');
  if (!fs.existsSync(path.join(root, 'node_modules/@swc/core'))) {
    if (!fs.existsSync(compiled)) giveUp('Neither dist/ nor a compiler is here. Run npm ci, then this again.');
    return;
  }
  const code = await withProgress('compiling', () => child(process.execPath, [path.join(__dirname, 'build.cjs')]));
  if (code !== 0 && !fs.existsSync(compiled)) giveUp('Lango could not be compiled; the reasons stand above.');
}

function child(program, args, env = {}) {
  return new Promise((done) => {
    const started = spawn(program, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    // Ctrl-C reaches the whole group; this process only waits for the child to end.
    const wait = () => undefined;
    const passOn = () => started.kill('SIGTERM');
    process.on('SIGINT', wait).on('SIGTERM', passOn);
    const finish = (code) => {
      process.off('SIGINT', wait).off('SIGTERM', passOn);
      done(code);
    };
    started.once('error', () => finish(127));
    started.once('exit', (code, signal) => finish(code ?? (signal ? 130 : 1)));
  });
}

/** The compiled command runs in this very process, so that signals meet the supervisor and nobody else. */
async function lango(args) {
  process.argv.splice(2, process.argv.length, ...args);
  await require(path.join(root, 'dist/control-plane/cli/main.js')).main(args);
}

const commands = {
  start: async (args) => {
    await ready('start');
    await lango(['start', ...args]);
  },
  test: async (args) => {
    await ready('test');
    process.exit(await runTests(child, args));
  },
  check: async (args) => {
    await ensureModules();
    process.exit(await child(process.execPath, [path.join(__dirname, 'check.cjs'), ...args]));
  },
  bench: async (args) => {
    await ready('bench');
    await lango(['bench', ...args]);
  },
  prove: async (args) => {
    await ready('prove');
    await lango(['prove', ...args]);
  },
};

async function ready(command) {
  await ensureModules();
  const trouble = await ensurePackages(command, say);
  if (trouble) giveUp(trouble);
  await ensureBuilt();
}

async function main() {
  refuseOldNode();
  const [name = 'start', ...args] = process.argv.slice(2);
  const command = commands[name];
  if (!command) giveUp(`Unknown command ${name}. Known: ${Object.keys(commands).join(', ')}.`);
  process.chdir(root);
  await command(args);
}

module.exports = { ensureModules, ensureBuilt, lango };
if (require.main === module) main().catch((error) => giveUp(error.message));
