import { join } from 'node:path';
import { partDatabase } from '../main';
import { childEnvironment, type Config } from '../platform/config';
import type { RoleUrls } from '../platform/db/roles';
import { projectRoot } from '../platform/project-root';
import type { ProcessSpec } from '../platform/supervisor/kept-process';

/** How one of our own roles is run: a Node process with that role's database login. */
export function partSpec(role: string, config: Config, urls: RoleUrls): ProcessSpec {
  return {
    name: role,
    program: process.execPath,
    args: ['--enable-source-maps', join(projectRoot(), 'dist/control-plane/main.js'), role],
    env: childEnvironment(config, urls[partDatabase(role)]),
    ready: 'message',
    drain_ms: 8500,
    logFile: join(config.dataDir, 'logs', `${role}.log`),
    echo: !process.stderr.isTTY,
  };
}
