import { Pool } from 'pg';
import type { DatabaseRole } from './roles';

/**
 * A plain connection pool for the parts that speak SQL themselves (accounting, enforcer, jobs, NOTIFY).
 * bigint comes back as string, as everywhere: ids are strings and byte counts are converted where they are used.
 */
export function createPool(url: string, role: DatabaseRole, max = 8): Pool {
  const pool = new Pool({
    connectionString: url,
    max,
    application_name: `lango-${role}`,
    connectionTimeoutMillis: 3000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  // A lost idle connection is not an error of anybody's request; the next query opens a new one.
  pool.on('error', () => undefined);
  // One that breaks while it is lent out fails its query; without a listener of its own it would end the process as well.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
