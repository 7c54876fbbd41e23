import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Pool } from 'pg';

const every_ms = 5000;

/**
 * Tells /readyz and the doctor every 5 s that this process of `part` lives; a clean end takes its row away, so that only the
 * dead leave a stale one. A database that is away is nobody's error here.
 */
export function startHeartbeat(part: string, databaseUrl: string): { stop(): Promise<void> } {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 1,
    application_name: `lango-${part}-beat`,
    connectionTimeoutMillis: 3000,
  });
  pool.on('error', () => undefined);
  // Hosts cloned from one image share a name, and in containers process numbers repeat.
  const row = [part, `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`];
  const tell = async (sql: string): Promise<void> => {
    await pool.query(sql, row).catch(() => undefined);
  };
  const beat = (): Promise<void> =>
    tell(`INSERT INTO platform_heartbeat (part, instance) VALUES ($1, $2)
          ON CONFLICT (part, instance) DO UPDATE SET beat_at = clock_timestamp(), state = 'ok'`);
  let running = beat();
  const timer = setInterval(() => {
    running = beat();
  }, every_ms);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
      await tell('DELETE FROM platform_heartbeat WHERE part = $1 AND instance = $2');
      await pool.end();
    },
  };
}
