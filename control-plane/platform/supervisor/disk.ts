import { accessSync, constants, statfsSync, writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from './make-folder';

/** A first start writes a database of about 60 MB and, under a closed home, a copy of Postgres of about 60 MB. */
const firstStart_bytes = 400_000_000;
const laterStart_bytes = 100_000_000;

/** One sentence with the remedy when the data folder cannot be used, else undefined. Makes the folder. */
export function dataDirTrouble(dataDir: string, first: boolean): string | undefined {
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.W_OK | constants.X_OK);
    const probe = join(dataDir, `.probe-${process.pid}`);
    writeFileSync(probe, 'x');
    rmSync(probe);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC')
      return `The disk under ${dataDir} is full. Free some space, or set LANGO_DATA to a folder elsewhere.`;
    return `The data folder ${dataDir} cannot be written (${code ?? String(error)}). Give this user the right to it, or set LANGO_DATA to another folder.`;
  }
  return spaceTrouble(dataDir, first);
}

/** One sentence when too little space is free under `dataDir`, else undefined. */
export function spaceTrouble(dataDir: string, first: boolean): string | undefined {
  const free_bytes = freeBytes(dataDir);
  const needed_bytes = first ? firstStart_bytes : laterStart_bytes;
  if (free_bytes >= needed_bytes) return undefined;
  const mb = (bytes: number): string => `${Math.floor(bytes / 1e6)} MB`;
  return `Only ${mb(free_bytes)} are free under ${dataDir} and Lango needs ${mb(needed_bytes)}. Free some space, or set LANGO_DATA to a folder elsewhere.`;
}

/** Bytes that this user may still write under `dir`. */
export function freeBytes(dir: string): number {
  const fs = statfsSync(dir);
  return fs.bavail * fs.bsize;
}
