/**
 * What a FreeRADIUS host needs to go on without the database, kept in a local SQLite file.
 *
 *   const snapshot = startSnapshot({ databaseUrl, path, bound_s: 86_400, log });
 *   await snapshot.stop();
 *
 * It starts also while the database is away.
 */
import { SnapshotWriter, type SnapshotOptions } from './writer';

export { lookAtSnapshot, type SnapshotLook } from './look';
export type { SnapshotOptions } from './writer';

export interface Snapshot {
  /** `ok`, or in a few words what is wrong. */
  state(): string;
  stop(): Promise<void>;
}

/** Starts the writer of one host. */
export function startSnapshot(options: SnapshotOptions): Snapshot {
  const writer = new SnapshotWriter(options);
  writer.start();
  return { state: () => writer.state(), stop: () => writer.stop() };
}
