import { join } from 'node:path';
import type { Config } from '../../platform/config';
import { readOptions } from '../options';
import { StartError } from '../start-error';
import { step } from '../step';
import { withDatabase } from '../with-database';
import { makeBackup } from './make-backup';
import { openBackup, refuseOtherKey, restoreDatabase, restoreFiles } from './restore-backup';

/** `lango backup [--to=FILE]`: everything that cannot be made again, in one file, while Lango goes on. */
export async function backup(config: Config, args: readonly string[]): Promise<void> {
  const stamp = new Date()
    .toISOString()
    .replaceAll(/[-:]|\..*$/g, '')
    .replace('T', '-');
  const to = readOptions(args, ['to']).get('to')?.at(-1) ?? join(config.dataDir, 'backups', `lango-${stamp}.tar`);
  const made = await withDatabase(config, (ownerUrl) =>
    step('saving the database', () =>
      makeBackup({ ownerUrl, dataDir: config.dataDir, to, withKey: config.masterKey === undefined }),
    ),
  );
  const lines = [
    `${made.path} (${(made.bytes / 1e6).toFixed(1)} MB, ${made.rows} rows). Keep it on another machine: whoever has it has every password.`,
    ...(made.hasKey ? [] : [keyMissing(config)]),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** `lango restore --from=FILE`: a backup into an empty database and data folder, with proof that it is what was saved. */
export async function restore(config: Config, args: readonly string[]): Promise<void> {
  const from = readOptions(args, ['from']).get('from')?.at(-1);
  if (from === undefined || from === 'true') throw new StartError('Name the backup: --from=FILE.');
  const opened = await openBackup(from, config.dataDir);
  try {
    refuseOtherKey(opened, config.dataDir);
    const done = await withDatabase(config, (ownerUrl) =>
      step('restoring the database', () => restoreDatabase(opened, ownerUrl)),
    );
    restoreFiles(opened, config.dataDir);
    const lines = [
      `Restored as of ${done.manifest.created_at}: ${done.rows} rows, the audit trail holds together, the ledger balances.`,
      'Start with: npx lango start. Sessions since then are taken up by the next accounting packets.',
      ...done.readersGone.map(
        (slug) => `The reader of ${slug} must be made again: npx lango tenant-reader make --company=${slug}`,
      ),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    opened.discard();
  }
}

function keyMissing(config: Config): string {
  return config.masterKey === undefined
    ? 'There is no master.key yet: Lango has never been started on this data folder.'
    : 'The master key is not in it: it comes from LANGO_MASTER_KEY. Keep that apart; without it the backup cannot be used.';
}
