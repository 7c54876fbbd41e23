import { hostname } from 'node:os';
import { Pool } from 'pg';
import { loadConfig, type Config } from './platform/config';
import { roleUrls, type DatabaseRole } from './platform/db/roles';
import { createLog, type Log } from './platform/log';
import { ensureMasterKey } from './platform/master-key';

/** A running role. stop() drains: no new work is taken, work in hand is finished. */
export interface RunningPart {
  stop(): Promise<void>;
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
}

const parts: Record<string, Part> = {};

/** Roles that this program can run, in the order in which they are started. */
export const partNames: readonly string[] = Object.keys(parts);

/** The database login that a role works with. */
export function partDatabase(name: string): DatabaseRole {
  const part = parts[name];
  if (!part) throw new Error(`Unknown role ${name}.`);
  return part.database;
}

/** A drain that takes longer than this is cut off; the supervisor would kill the process anyway. */
const drain_ms = 8000;
const beatEvery_ms = 5000;

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
  const beat = heartbeat(name, databaseUrl, log);
  const end = once(async () => {
    setTimeout(() => process.exit(1), drain_ms).unref();
    await running.stop();
    await beat.stop();
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

/** Tells /readyz and the doctor every few seconds that this process lives; a clean end takes its row away. */
function heartbeat(part: string, databaseUrl: string, log: Log): RunningPart {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 1,
    application_name: `lango-${part}-beat`,
    connectionTimeoutMillis: 3000,
  });
  pool.on('error', () => undefined);
  const instance = `${hostname()}:${process.pid}`;
  const beat = async (): Promise<void> => {
    try {
      await pool.query(
        `INSERT INTO platform_heartbeat (part, instance) VALUES ($1, $2)
         ON CONFLICT (part, instance) DO UPDATE SET beat_at = clock_timestamp(), state = 'ok'`,
        [part, instance],
      );
    } catch (error) {
      log.debug({ err: error }, 'no heartbeat: the database is away');
    }
  };
  void beat();
  const timer = setInterval(() => void beat(), beatEvery_ms);
  return {
    stop: async () => {
      clearInterval(timer);
      const gone = pool.query('DELETE FROM platform_heartbeat WHERE part = $1 AND instance = $2', [part, instance]);
      await gone.catch(() => undefined);
      await pool.end();
    },
  };
}

if (require.main === module) {
  run(process.argv[2] ?? '').catch((error: unknown) => {
    createLog(process.argv[2] ?? 'main').fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exit(1);
  });
}
