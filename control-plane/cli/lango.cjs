#!/usr/bin/env node
'use strict';
/** `npx lango …`: compiles what changed and goes on as the command. Paths in arguments stay relative to where you are. */
const { ensureModules, ensureBuilt, lango } = require('./bootstrap.cjs');

ensureModules()
  .then(ensureBuilt)
  .then(() => lango(process.argv.slice(2)))
  .catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
