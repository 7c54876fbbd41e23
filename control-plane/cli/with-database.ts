import { join } from 'node:path';
import type { Client } from 'pg';
import { ownerSession } from '../platform/db/owner';
import type { Config } from '../platform/config';
import { createLog } from '../platform/log';
import { databaseTrouble } from '../platform/postgres/database-trouble';
import { embeddedOwnerUrl, ensureDatabase, startEmbeddedPostgres } from '../platform/postgres/embedded';
import { dataDirTrouble } from '../platform/supervisor/disk';
import { takeLock } from '../platform/supervisor/lock';
import { StartError } from './start-error';

/** Where the embedded Postgres of a data folder lives. */
export function postgresDir(config: Config): string {
  return join(config.dataDir, 'postgres');
}

/** The name of our database in the embedded Postgres. */
export const embeddedDatabase = 'lango';

/**
 * Gives `work` the owner's URL of Lango's database: DATABASE_URL, or the embedded Postgres, which is started for the
 * time of the work when Lango itself is not running. Throws StartError when there is no way to it.
 */
export async function withDatabase<T>(config: Config, work: (ownerUrl: string) => Promise<T>): Promise<T> {
  if (config.databaseUrl !== undefined) {
    const trouble = await databaseTrouble(config.databaseUrl);
    if (trouble) throw new StartError(trouble);
    return work(config.databaseUrl);
  }
  const folder = dataDirTrouble(config.dataDir, false);
  if (folder) throw new StartError(folder);
  const lock = takeLock(config.dataDir);
  if (lock.kind === 'taken') {
    const url = embeddedOwnerUrl(postgresDir(config), embeddedDatabase);
    if (!url) throw new StartError(`Lango is starting on ${config.dataDir}. Try again when it is ready.`);
    return work(url);
  }
  try {
    const server = await startEmbeddedPostgres({
      dataDir: postgresDir(config),
      durable: true,
      log: createLog('postgres', 'warn'),
    });
    try {
      return await work(await ensureDatabase(server.ownerUrl, embeddedDatabase));
    } finally {
      await server.stop();
    }
  } finally {
    lock.release();
  }
}

/** The same with an open connection. */
export function withOwner<T>(config: Config, work: (client: Client, ownerUrl: string) => Promise<T>): Promise<T> {
  return withDatabase(config, async (ownerUrl) => {
    return ownerSession(ownerUrl, 'lango-cli', async (client) => {
      return await work(client, ownerUrl);
    });
  });
}
