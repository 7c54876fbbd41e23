import { freeradiusPlaces, healthAddress, healthSecret } from '../freeradius-config/generate';
import { innerAddress } from '../radius/part';
import { freeradiusHome, freeradiusPlace } from './cli/freeradius-home';
import { loopbackFor } from './cli/loopback';
import { loadConfig, type Config } from './platform/config';
import { createSecretBox } from './platform/crypto';
import { roleUrls, type DatabaseRole } from './platform/db/roles';
import { startHeartbeat } from './platform/heartbeat';
import { createLog, type Log } from './platform/log';
import { ensureMasterKey } from './platform/master-key';

/** A running role. stop() drains: no new work is taken, work in hand is finished. */
export interface RunningPart {
  stop(): Promise<void>;
  /** `ok`, or in a few words what is wrong; left out, it is well as long as it lives. */
  state?(): string;
}

/** What a role is given. */
export interface PartContext {
  config: Config;
  /** Connection URL with this role's own database login. */
  databaseUrl: string;
  masterKey: Buffer;
  log: Log;
}

/** Each role: its database login and how it starts. Loaded only when asked for, so that a process holds its own code alone. */
interface Part {
  database: DatabaseRole;
  start(context: PartContext): Promise<RunningPart>;
  /** It beats by itself, and knows better than we whether it serves; or what it serves is asked directly. */
  beats?: boolean;
}

const parts: Record<string, Part> = {
  web: { database: 'web', start: startWebPart, beats: true },
  jobs: { database: 'jobs', start: startJobsPart },
  accounting: { database: 'accounting', start: startAccountingPart, beats: true },
  enforcer: { database: 'enforcer', start: startEnforcerPart },
  radsec: { database: 'radsec', start: startRadsecPart },
  snapshot: { database: 'radius', start: startSnapshotPart },
  'nas-watcher': { database: 'radius', start: startNasWatcherPart },
  authorizer: { database: 'radius', start: startAuthorizerPart, beats: true },
  demo: { database: 'web', start: startDemoPart },
};

async function startWebPart({ config, databaseUrl, masterKey, log }: PartContext): Promise<RunningPart> {
  const { startWeb } = await import('./web.js');
  const { bind, authPort, partRoles } = config;
  const asked = { host: innerAddress(bind), secret: healthSecret(masterKey), from: healthAddress };
  return startWeb({
    databaseUrl,
    masterKey,
    bind: config.httpBind,
    port: config.httpPort,
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    apiRatePerMinute: config.apiRatePerMinute,
    health: {
      ...(partRoles.includes('freeradius')
        ? {
            freeradius: { ...asked, port: authPort },
            authorizer: freeradiusPlaces(freeradiusPlace(config)).authorizerSocket,
          }
        : {}),
      heartbeats: ['jobs', 'accounting', 'enforcer'],
      beatingHere: [
        ...partRoles.filter((role) => role === 'radsec' || role === 'snapshot'),
        ...(partRoles.includes('freeradius') ? ['nas-watcher'] : []),
      ],
    },
    log,
  });
}

async function startJobsPart({ config, databaseUrl, masterKey, log }: PartContext): Promise<RunningPart> {
  const { startJobs } = await import('./jobs.js');
  const { dataDir, insecureWebhookNetworks, urls, publicUrl } = config;
  return startJobs({ databaseUrl, masterKey, dataDir, insecureWebhookNetworks, urls, publicUrl, log });
}

async function startAccountingPart({ config, databaseUrl, log }: PartContext): Promise<RunningPart> {
  const { startAccounting } = await import('../radius/accounting/index.js');
  const { bind, acctPort: port, authPort, dataDir } = config;
  return startAccounting({
    databaseUrl,
    bind,
    port,
    authentication: { host: innerAddress(bind), port: authPort },
    dataDir,
    log,
  });
}

async function startEnforcerPart({ config, databaseUrl, masterKey, log }: PartContext): Promise<RunningPart> {
  const { startEnforcer } = await import('../radius/enforcer/index.js');
  const secrets = createSecretBox(masterKey);
  return startEnforcer({
    databaseUrl,
    bind: config.bind,
    log,
    // Sealed by routers/create-router.ts.
    openApiPassword: (tenantId, sealed) => secrets.open('nas.api_password', tenantId, sealed),
  });
}

async function startRadsecPart({ config, databaseUrl, masterKey, log }: PartContext): Promise<RunningPart> {
  const { startRadsec } = await import('../radius/radsec/index.js');
  const { AUTHORITY_KEY, NO_COMPANY } = await import('./radsec/index.js');
  const secrets = createSecretBox(masterKey);
  return startRadsec({
    databaseUrl,
    bind: config.radsecBind,
    port: config.radsecPort,
    behind: innerAddress(config.bind),
    authPort: config.authPort,
    acctPort: config.acctPort,
    dataDir: config.dataDir,
    openKey: (sealed) => secrets.open(AUTHORITY_KEY, NO_COMPANY, sealed),
    log,
  });
}

async function startNasWatcherPart({ config, databaseUrl, log }: PartContext): Promise<RunningPart> {
  const { startNasWatcher } = await import('../freeradius-config/nas-watcher.js');
  const { dir, user } = freeradiusHome(config);
  return startNasWatcher({ databaseUrl, dir, log, ...(user ? { owner: user } : {}) });
}

async function startAuthorizerPart({ config, databaseUrl, log }: PartContext): Promise<RunningPart> {
  const { startAuthorizer } = await import('../radius/authorizer/index.js');
  const { dir, user } = freeradiusHome(config);
  const socket = freeradiusPlaces(dir).authorizerSocket;
  return startAuthorizer({ databaseUrl, socket, log, ...(user ? { owner: user } : {}) });
}

async function startSnapshotPart({ config, databaseUrl, log }: PartContext): Promise<RunningPart> {
  const { startSnapshot } = await import('../radius/snapshot/index.js');
  const { dir, user } = freeradiusHome(config);
  const { snapshotFile: path } = freeradiusPlaces(dir);
  const bound_s = config.snapshotHours * 3600;
  return startSnapshot({ databaseUrl, path, bound_s, log, ...(user ? { owner: user } : {}) });
}

async function startDemoPart({ config, masterKey, log }: PartContext): Promise<RunningPart> {
  const { startDemo } = await import('./cli/demo/demo.js');
  return startDemo({ config, masterKey, log, host: innerAddress(config.bind), httpHost: loopbackFor(config.httpBind) });
}

/** Started by the supervisor beside another part, never asked for by name. */
const companions = ['nas-watcher', 'authorizer', 'demo'];

/** Roles that can be asked for, in the order in which they are started. */
export const partNames: readonly string[] = Object.keys(parts).filter((name) => !companions.includes(name));

/** The database login that a role works with. */
export function partDatabase(name: string): DatabaseRole {
  const part = parts[name];
  if (!part) throw new Error(`Unknown role ${name}.`);
  return part.database;
}

/** A drain that takes longer than this is cut off; the supervisor would kill the process anyway. */
const drain_ms = 8000;

/** Runs one role until SIGTERM or the end of the supervisor. */
async function run(name: string): Promise<void> {
  const part = parts[name];
  if (!part) throw new Error(`Unknown role ${name}. Known: ${partNames.join(', ')}.`);
  const config = loadConfig();
  const log = createLog(name, config.logLevel);
  const masterKey = ensureMasterKey(config);
  const databaseUrl = config.partDatabaseUrl ?? ownLogin(config, part.database, masterKey);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a broken invariant ends this process; the supervisor starts it again');
    process.exit(1);
  });
  // Ctrl-C in a terminal reaches the whole group; the supervisor decides when we end.
  process.on('SIGINT', () => undefined);
  const running = await part.start({ config, databaseUrl, masterKey, log });
  const by = part.database === 'radius' ? 'function' : 'table';
  const state = (): string => running.state?.() ?? 'ok';
  const beat = part.beats ? undefined : startHeartbeat({ part: name, databaseUrl, by, state });
  const end = once(async () => {
    setTimeout(() => process.exit(1), drain_ms).unref();
    await running.stop();
    await beat?.stop();
    process.exit(0);
  });
  process.on('SIGTERM', end);
  process.on('disconnect', end);
  process.send?.({ kind: 'ready' });
}

function ownLogin(config: Config, role: DatabaseRole, masterKey: Buffer): string {
  if (config.databaseUrl === undefined)
    throw new Error('A role needs DATABASE_URL. Start it with: npx lango start --roles=…');
  return roleUrls(config.databaseUrl, masterKey)[role];
}

function once(work: () => Promise<void>): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    void work();
  };
}

if (require.main === module) {
  run(process.argv[2] ?? '').catch((error: unknown) => {
    createLog(process.argv[2] ?? 'main').fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exit(1);
  });
}
