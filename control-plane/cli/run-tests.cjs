'use strict';
/** `npm test`: Jest, and as the very last line how many tests passed and failed. docs/decisions/0036 says why CI asks some files twice. */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** More failing files than these are no accident of a busy machine. */
const ALONE_MOST = 2;

/** The failing files of a first run that CI asks once more, alone; none when there are so many that something is broken. */
function toAskAgain(counts, ci) {
  return ci && counts.failedFiles.length <= ALONE_MOST ? counts.failedFiles.map((file) => file.path) : [];
}

/** Both runs as one: the files asked again count by their second answer. */
function together(first, second) {
  const replaced = first.failedFiles.reduce((sum, file) => sum + file.passed, 0);
  return { ...second, passed: first.passed - replaced + second.passed };
}

/**
 * Runs Jest with these arguments and prints the closing line.
 * @param child starts a program with arguments and settings, gives its exit code
 * @returns the exit code
 */
async function runTests(child, args) {
  const file = path.join(os.tmpdir(), `lango-test-counts-${process.pid}.json`);
  const jest = async (words) => {
    fs.rmSync(file, { force: true });
    // The reporters come last: jest takes every word after --reporters for one more.
    const reporters = ['--reporters=default', `--reporters=${path.join(__dirname, 'count-reporter.cjs')}`];
    const program = ['node_modules/jest/bin/jest.js', ...words, ...reporters];
    const code = await child(process.execPath, program, { TEST_COUNTS: file });
    const counts = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
    fs.rmSync(file, { force: true });
    return { code, counts };
  };
  let { code, counts } = await jest(args);
  const again = counts && code !== 0 ? toAskAgain(counts, Boolean(process.env.CI)) : [];
  if (again.length > 0) {
    const names = again.map((one) => path.relative(process.cwd(), one));
    process.stdout.write(`\nFailed beside other tests, now asked once more, alone: ${names.join(', ')}\n`);
    const second = await jest(['--runInBand', '--runTestsByPath', ...again]);
    if (second.counts) counts = together(counts, second.counts);
    code = second.code;
    process.stdout.write(`\n${code === 0 ? 'PASSED ONLY ALONE' : 'FAILED TWICE'}: ${names.join(', ')}\n`);
  }
  if (counts) process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`);
  return code;
}

module.exports = { runTests, toAskAgain, together };
