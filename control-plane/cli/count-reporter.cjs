'use strict';
const fs = require('node:fs');

/** Writes what the closing line of `npm test` is made of to the file named by TEST_COUNTS: `{passed, failed, ran, failedFiles: [{path, passed}]}`. */
class CountReporter {
  onRunComplete(_contexts, results) {
    const broken = results.testResults.filter((file) => file.testExecError && file.numFailingTests === 0);
    const failed = results.testResults.filter((file) => file.testExecError || file.numFailingTests > 0);
    const counts = {
      passed: results.numPassedTests,
      // A test file that cannot even load counts as one failure.
      failed: results.numFailedTests + broken.length,
      ran: results.numTotalTests > 0,
      failedFiles: failed.map((file) => ({ path: file.testFilePath, passed: file.numPassingTests })),
    };
    if (process.env.TEST_COUNTS) fs.writeFileSync(process.env.TEST_COUNTS, JSON.stringify(counts));
    this.ran = counts.ran;
  }

  getLastError() {
    return this.ran ? undefined : new Error('No test was run.');
  }
}

module.exports = CountReporter;
