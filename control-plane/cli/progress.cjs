'use strict';
/**
 * Says what takes long. On a terminal one line counts the seconds; elsewhere one line when it begins and one when it ends.
 * Plain JavaScript: it runs before anything is compiled.
 */
const { spawn } = require('node:child_process');
const fs = require('node:fs');

const terminal = process.stderr.isTTY === true;

/** Shows `text` from the first second on until `work` settles; answers what `work` answers. */
async function withProgress(text, work) {
  const began = Date.now();
  let shown = false;
  const show = () => {
    if (terminal) process.stderr.write(`\r  ${text} … ${Math.round((Date.now() - began) / 1000)} s\u001b[K`);
    else if (!shown) process.stderr.write(`  ${text} …\n`);
    shown = true;
  };
  const timer = setInterval(show, 1000);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    const seconds = ((Date.now() - began) / 1000).toFixed(0);
    if (shown)
      process.stderr.write(terminal ? `\r  ${text}: ${seconds} s\u001b[K\n` : `  ${text}: done in ${seconds} s\n`);
  }
}

/** Runs a program with its output in `logFile`; answers its exit code and the end of that output. */
function run(program, args, { logFile, cwd, env } = {}) {
  return new Promise((done) => {
    const out = fs.openSync(logFile, 'w', 0o600);
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', out, out] });
    const finish = (code, error) => {
      fs.closeSync(out);
      const said = error ? error.message : fs.readFileSync(logFile, 'utf8');
      done({ code, tail: said.trim().split('\n').slice(-15).join('\n') });
    };
    child.once('error', (error) => finish(127, error));
    child.once('exit', (code, signal) => finish(code ?? 128 + (signal ? 1 : 0)));
  });
}

module.exports = { withProgress, run };
