import { join } from 'node:path';
import type { Config } from '../platform/config';
import { migrate } from '../platform/db/migrate';
import { ensureRoleLogins, roleUrls, type RoleUrls } from '../platform/db/roles';
import { createLog, type Log } from '../platform/log';
import { ensureMasterKey } from '../platform/master-key';
import { KeptPostgres } from '../platform/supervisor/kept-postgres';
import { Supervisor } from '../platform/supervisor/supervisor';
import { ensureDemoCompany, type DemoSignIn } from './demo/company';
import { eapCertificates } from './eap-certificates';
import { firstStart, type FirstStart } from './first-start';
import { nodeSpec, partSpecs } from './part-specs';
import { preflight } from './preflight';
import { noteForRouters } from './note-for-routers';
import { makeRadsecAuthority } from './radsec-authority';
import { chosenRoles, knownRoles } from './roles';
import { step } from './step';
import { StartError } from './start-error';
import { summary } from './summary';
import { embeddedDatabase, postgresDir } from './with-database';
import { lastCertificates, startsWithoutDatabase } from './without-database';

/**
 * `lango start`: looks whether everything can work, then starts Postgres, migrates, starts the roles and keeps them
 * running until SIGINT, SIGTERM or SIGHUP. Throws StartError with nothing left running.
 */
export async function start(config: Config, args: readonly string[]): Promise<void> {
  const began = Date.now();
  const roles = chosenRoles(args);
  const release = await preflight(config, roles);
  const log = createLog('supervisor', process.stderr.isTTY ? quieter(config.logLevel) : config.logLevel);
  const supervisor = new Supervisor(log);
  supervisor.add({ name: 'lock', stop: async () => release() });
  const stopped = endOnSignal(supervisor, log);
  try {
    const { first, demo } = await bringUp(config, roles, supervisor, log);
    if (stopped.yet) return;
    process.stdout.write(
      `${summary({ config, roles, first, demo, took_ms: Date.now() - began }, process.stdout.isTTY)}\n`,
    );
  } catch (error) {
    await supervisor.stop();
    if (stopped.yet) return;
    throw error instanceof StartError
      ? error
      : new StartError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

interface Up {
  first: FirstStart;
  demo: DemoSignIn | undefined;
}

async function bringUp(config: Config, roles: readonly string[], supervisor: Supervisor, log: Log): Promise<Up> {
  const ownerUrl = await openDatabase(config, supervisor, log);
  const masterKey = ensureMasterKey(config);
  const alone = await startsWithoutDatabase(config, roles);
  if (alone)
    log.warn(
      {},
      'Postgres is away: this host starts with what it has kept, and follows the database when that is back',
    );
  const { first, urls } = alone
    ? { first: { kind: 'done_before' } as const, urls: roleUrls(ownerUrl, masterKey) }
    : await step('preparing the database', () => prepare(config, ownerUrl, masterKey));
  const certificates = !roles.includes('freeradius')
    ? undefined
    : alone
      ? lastCertificates(config)
      : await eapCertificates(config, ownerUrl, masterKey);
  const around = { config, roles, urls, masterKey, certificates };
  await step(`starting ${roles.join(', ')}`, () => supervisor.startTogether(partSpecs(around)));
  const demo = showsDemo(config, roles) ? await ensureDemoCompany(config, ownerUrl) : undefined;
  if (demo) await supervisor.startTogether([nodeSpec('demo', around)]);
  supervisor.report(join(config.dataDir, 'running.json'), { url: config.publicUrl, roles });
  return { first, demo };
}

/** The demo's router speaks IPv4 from a loopback address, and needs the whole line through Lango on this host. */
function showsDemo(config: Config, roles: readonly string[]): boolean {
  const whole = ['freeradius', 'accounting', 'web'].every((role) => roles.includes(role) || !knownRoles.includes(role));
  return config.demo && whole && !config.bind.includes(':');
}

async function openDatabase(config: Config, supervisor: Supervisor, log: Log): Promise<string> {
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  const postgres = new KeptPostgres(postgresDir(config), embeddedDatabase, log);
  supervisor.add({ name: 'Postgres', stop: () => postgres.stop() });
  return step('starting Postgres', () => postgres.start());
}

async function prepare(
  config: Config,
  ownerUrl: string,
  masterKey: Buffer,
): Promise<{ first: FirstStart; urls: RoleUrls }> {
  await migrate(ownerUrl);
  await makeRadsecAuthority(config, ownerUrl, masterKey);
  await noteForRouters(config, ownerUrl, masterKey);
  return { urls: await ensureRoleLogins(ownerUrl, masterKey), first: await firstStart(config, ownerUrl) };
}

/** Signals end everything once; npm and the terminal may each send one, so a second changes nothing. */
function endOnSignal(supervisor: Supervisor, log: Log): { yet: boolean } {
  const stopped = { yet: false };
  const end = (signal: NodeJS.Signals): void => {
    if (stopped.yet) return;
    stopped.yet = true;
    log.info({ signal }, 'ending');
    if (process.stderr.isTTY) process.stderr.write('\n   Closing … sessions stay up on the routers.\n');
    void supervisor.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'the supervisor itself failed; everything is ended');
    void supervisor.stop().then(() => process.exit(1));
  });
  return stopped;
}

/** On a terminal only what needs attention is shown; the rest is in the log files. */
function quieter(level: Config['logLevel']): Config['logLevel'] {
  return level === 'info' ? 'warn' : level;
}
