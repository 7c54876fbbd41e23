import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownerSession } from '../platform/db/owner';
import { detectFreeradius } from '../../freeradius-config/generate';
import type { Config } from '../platform/config';
import { pendingMigrations } from '../platform/db/migrate';
import { databaseTrouble } from '../platform/postgres/database-trouble';
import { embeddedOwnerUrl } from '../platform/postgres/embedded';
import { projectRoot } from '../platform/project-root';
import { dataDirTrouble, freeBytes } from '../platform/supervisor/disk';
import { takeLock } from '../platform/supervisor/lock';
import { portTrouble } from '../platform/supervisor/ports';
import { certificateFinding } from './eap-certificates';
import { radsecFinding } from './radsec-authority';
import { freeradiusMissing } from './part-specs';
import { wantedPorts } from './preflight';
import { knownRoles } from './roles';
import { snapshotFinding } from './snapshot-finding';
import { embeddedDatabase, postgresDir } from './with-database';

/** One thing looked at: fine with a fact, or wrong with a remedy. */
interface Finding {
  name: string;
  good: boolean;
  says: string;
}

/** `lango doctor`: looks at each part, changes nothing, exits with 1 when something needs a hand. */
export async function doctor(config: Config): Promise<void> {
  const colour = process.stdout.isTTY;
  const running = isRunning(config);
  let faults = 0;
  for await (const { name, good, says } of findings(config, running)) {
    if (!good) faults++;
    const mark = good ? 'ok   ' : 'FAULT';
    process.stdout.write(
      `  ${colour ? `\u001b[${good ? 32 : 31}m${mark}\u001b[0m` : mark}  ${name.padEnd(14)}${says}\n`,
    );
  }
  const closing = running
    ? 'Everything is in order.'
    : 'Everything is in order; Lango is not running. Start it with: npm start';
  process.stdout.write(
    faults === 0 ? `\n${closing}\n` : `\n${faults} ${faults === 1 ? 'thing needs' : 'things need'} a hand.\n`,
  );
  process.exitCode = faults === 0 ? 0 : 1;
}

async function* findings(config: Config, running: boolean): AsyncGenerator<Finding> {
  yield fine('node', process.versions.node);
  yield npmPackages();
  yield freeradius();
  yield { name: '802.1X', ...certificateFinding(config) };
  const folder = dataDirTrouble(config.dataDir, false);
  yield folder
    ? wrong('data', folder)
    : fine('data', `${config.dataDir}, ${Math.floor(freeBytes(config.dataDir) / 1e9)} GB free`);
  yield masterKey(config);
  const report = running ? readReport(config) : undefined;
  if (running) yield* runningParts(config, report);
  else yield* ports(config);
  const roles = report?.parts.map(({ name }) => name);
  if (!running || roles?.includes('freeradius'))
    yield { name: 'snapshot file', ...(await snapshotFinding(config, roles)) };
  const url = config.databaseUrl ?? (running ? embeddedOwnerUrl(postgresDir(config), embeddedDatabase) : undefined);
  if (url) yield* database(url);
  else
    yield fine('postgres', existsSync(postgresDir(config)) ? 'embedded, stopped' : 'embedded, made at the first start');
  if (running) yield await readiness(config);
}

function npmPackages(): Finding {
  const missing = ['pg', 'express', '@prisma/client'].filter(
    (name) => !existsSync(join(projectRoot(), 'node_modules', name)),
  );
  return missing.length === 0
    ? fine('npm packages', 'installed')
    : wrong('npm packages', `${missing.join(', ')} missing. Run: npm ci`);
}

function freeradius(): Finding {
  const found = detectFreeradius();
  return found?.hasPostgres
    ? fine('freeradius', `${found.version} at ${found.path}`)
    : wrong('freeradius', freeradiusMissing);
}

function masterKey(config: Config): Finding {
  const file = join(config.dataDir, 'master.key');
  if (config.masterKey) return fine('master key', 'from LANGO_MASTER_KEY');
  return fine(
    'master key',
    existsSync(file) ? `${file} (keep a copy apart from the database)` : 'made at the first start',
  );
}

async function* ports(config: Config): AsyncGenerator<Finding> {
  for (const port of wantedPorts(config, knownRoles)) {
    const trouble = await portTrouble(port);
    const name = `port ${port.port}`;
    yield trouble ? wrong(name, trouble) : fine(name, `free for ${port.use}`);
  }
}

interface Report {
  parts: { name: string; state: string; restarts: number }[];
}

function readReport(config: Config): Report | undefined {
  try {
    return JSON.parse(readFileSync(join(config.dataDir, 'running.json'), 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

function* runningParts(config: Config, report: Report | undefined): Generator<Finding> {
  if (!report) {
    yield wrong('parts', 'Lango is starting or just ended. Look again in a moment.');
    return;
  }
  for (const part of report.parts) {
    const again =
      part.restarts > 0 ? `, started again ${part.restarts} times: see ${config.dataDir}/logs/${part.name}.log` : '';
    yield part.state === 'ready'
      ? fine(part.name, `running${again}`)
      : wrong(part.name, `${part.state}${again}. Read ${config.dataDir}/logs/${part.name}.log.`);
  }
}

async function* database(url: string): AsyncGenerator<Finding> {
  const trouble = await databaseTrouble(url);
  if (trouble) {
    yield wrong('postgres', trouble);
    return;
  }
  const { rows } = await ownerSession(url, 'lango-doctor', (client) =>
    client.query<{ version: string; size: string; ahead_ms: number }>(
      `SELECT current_setting('server_version') AS version, pg_size_pretty(pg_database_size(current_database())) AS size,
              extract(epoch FROM clock_timestamp() - $1::timestamptz)::float8 * 1000 AS ahead_ms`,
      [new Date()],
    ),
  );
  const found = rows[0];
  yield fine('postgres', `${found?.version}, ${found?.size}`);
  const apart_ms = Math.abs(found?.ahead_ms ?? 0);
  yield apart_ms < 1000
    ? fine('clock', 'agrees with the database')
    : wrong(
        'clock',
        `is ${Math.round(apart_ms)} ms apart from the database. Run a time service (chrony) on both hosts.`,
      );
  const pending = await pendingMigrations(url);
  yield pending.length === 0
    ? fine('migrations', 'up to date')
    : wrong('migrations', `${pending.length} to apply. Run: npx lango migrate`);
  if (pending.length === 0) yield { name: 'RadSec', ...(await radsecFinding(url)) };
}

async function readiness(config: Config): Promise<Finding> {
  const url = `http://${config.httpBind === '0.0.0.0' ? '127.0.0.1' : config.httpBind}:${config.httpPort}/readyz`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    const { parts } = (await answer.json()) as { parts: Record<string, string> };
    const bad = Object.entries(parts).filter(([, state]) => state !== 'ok');
    if (bad.length === 0) return fine('serving', `every part answers at ${url}`);
    return wrong('serving', `${bad.map(([part, state]) => `${part} ${state}`).join(', ')}. Read the log of that part.`);
  } catch {
    return wrong('serving', `${url} does not answer. Read ${config.dataDir}/logs/web.log.`);
  }
}

/** Whether a supervisor holds the data folder. Taking the lock for a moment tells. */
function isRunning(config: Config): boolean {
  if (!existsSync(join(config.dataDir, 'lock'))) return false;
  const lock = takeLock(config.dataDir);
  if (lock.kind === 'held') lock.release();
  return lock.kind === 'taken';
}

const fine = (name: string, says: string): Finding => ({ name, good: true, says });
const wrong = (name: string, says: string): Finding => ({ name, good: false, says });
