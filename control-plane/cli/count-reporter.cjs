'use strict';
/** The last line of `npm test`: how many tests passed and failed. A test file that cannot even load counts as one failure. */
class CountReporter {
  onRunComplete(_contexts, results) {
    const broken = results.testResults.filter((file) => file.testExecError && file.numFailingTests === 0).length;
    this.line = `${results.numPassedTests} passed, ${results.numFailedTests + broken} failed`;
    this.ran = results.numTotalTests > 0;
    // Jest prints its own summary after the reporters are done; ours must be the very last line.
    process.once('exit', () => process.stdout.write(`\n${this.line}\n`));
  }

  getLastError() {
    return this.ran ? undefined : new Error('No test was run.');
  }
}

module.exports = CountReporter;
