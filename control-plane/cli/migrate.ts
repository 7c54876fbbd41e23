import type { Config } from '../platform/config';
import { migrate } from '../platform/db/migrate';
import { step } from './step';
import { withDatabase } from './with-database';

/** `lango migrate`: brings the database to this version and says what was applied. */
export async function migrateCommand(config: Config): Promise<void> {
  const { migrations, functions } = await withDatabase(config, (url) => step('migrating', () => migrate(url)));
  const applied = [...migrations, ...functions.map((name) => `functions/${name}`)];
  process.stdout.write(applied.length === 0 ? 'The database is up to date.\n' : `Applied: ${applied.join(', ')}.\n`);
}
