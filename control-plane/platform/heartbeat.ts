import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Pool } from 'pg';

const every_ms = 5000;

/** How a process tells of itself: the part's name, its own, and its state or null when it ends. */
const BEAT = {
  table: `WITH gone AS (DELETE FROM platform_heartbeat WHERE part = $1 AND instance = $2 AND $3::text IS NULL)
          INSERT INTO platform_heartbeat (part, instance, state) SELECT $1, $2, $3 WHERE $3::text IS NOT NULL
          ON CONFLICT (part, instance) DO UPDATE SET beat_at = clock_timestamp(), state = excluded.state`,
  // The role of FreeRADIUS and its companions touches no table (prisma/functions/health.sql).
  function: 'SELECT aaa_beat($1, $2, $3)',
};

export interface HeartbeatOptions {
  part: string;
  databaseUrl: string;
  /** `function` for a part with FreeRADIUS' login. */
  by: keyof typeof BEAT;
  /** `ok`, or in a few words what is wrong. */
  state: () => string;
}

/** Begins the name of every instance of this host, so that what serves one host is looked for there. */
export const hostPrefix = (): string => `${hostname()}:`;

/**
 * Tells /readyz and the doctor every 5 s that this process lives, and how it is; a clean end takes its row away, so that only the
 * dead leave a stale one. A database that is away is nobody's error here.
 */
export function startHeartbeat({ part, databaseUrl, by, state }: HeartbeatOptions): { stop(): Promise<void> } {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 1,
    application_name: `lango-${part}-beat`,
    connectionTimeoutMillis: 3000,
  });
  pool.on('error', () => undefined);
  // Hosts cloned from one image share a name, and in containers process numbers repeat.
  const instance = `${hostPrefix()}${process.pid}:${randomBytes(4).toString('hex')}`;
  const tell = async (said: string | null): Promise<void> => {
    await pool.query(BEAT[by], [part, instance, said]).catch(() => undefined);
  };
  let running = tell(state());
  const timer = setInterval(() => {
    running = tell(state());
  }, every_ms);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
      await tell(null);
      await pool.end();
    },
  };
}
