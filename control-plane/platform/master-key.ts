import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, parseMasterKey, type Config } from './config';

/** Where the key stands when LANGO_MASTER_KEY is not set. Losing it makes every stored secret unreadable. */
export function masterKeyFile(config: Config): string {
  return join(config.dataDir, 'master.key');
}

/**
 * The master key: from LANGO_MASTER_KEY, else from LANGO_DATA/master.key, which is made (mode 0600) if it is missing.
 * Two processes that both make it end up with the same key. LANGO_DATA must exist.
 */
export function ensureMasterKey(config: Config): Buffer {
  if (config.masterKey) return config.masterKey;
  const file = masterKeyFile(config);
  const draft = `${file}.${process.pid}`;
  try {
    return readKey(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  try {
    // link(2) refuses an existing name, so that the first writer wins.
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readKey(file);
}

function readKey(file: string): Buffer {
  const text = readFileSync(file, 'utf8').trim();
  if (text.length < 16) throw new ConfigError(`${file} holds no key. Put the key from your backup there.`);
  return parseMasterKey(text);
}
