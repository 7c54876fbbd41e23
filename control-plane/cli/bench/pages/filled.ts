import { Client } from 'pg';
import { migrate } from '../../../platform/db/migrate';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../../platform/postgres/embedded';
import { seedPages } from './seed';
import type { PagesSize } from './seed';

/**
 * The Postgres of a folder with its company in it: filled now when it is empty, which takes some ten minutes, else brought to today's tables.
 * It is filled without waiting for the disk and asked with the settings of an installation.
 */
export async function openFilled(
  dataDir: string,
  size: PagesSize,
  progress: (line: string) => void,
): Promise<EmbeddedPostgres> {
  const filling = await startEmbeddedPostgres({ dataDir, durable: false });
  try {
    await migrate(filling.ownerUrl);
    await fillOnce(filling.ownerUrl, size, progress);
  } finally {
    await filling.stop();
  }
  return startEmbeddedPostgres({ dataDir, durable: true });
}

/** Written on the database when it is full: a run that was cut short leaves rows too. */
const FULL = 'filled for the pages';

async function fillOnce(ownerUrl: string, size: PagesSize, progress: (line: string) => void): Promise<void> {
  const db = new Client({ connectionString: ownerUrl });
  await db.connect();
  try {
    const { rows } = await db.query<{ full: boolean; begun: boolean }>(
      `SELECT coalesce(shobj_description(oid, 'pg_database') = $1, false) AS full, EXISTS (SELECT FROM subscriber) AS begun
       FROM pg_database WHERE datname = current_database()`,
      [FULL],
    );
    if (rows[0]?.full) return;
    if (rows[0]?.begun) throw new Error('This database was filled in part only. Remove its folder and run this again.');
    progress(`filling: ${size.subscribers} subscribers, ${size.sessions} sessions`);
    await seedPages(db, size, progress);
    await db.query(`COMMENT ON DATABASE postgres IS '${FULL}'`);
  } finally {
    await db.end();
  }
}
