import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Size at which a log file is put aside; one older file is kept, so a part's logs never take more than twice this. */
const limit_bytes = 20_000_000;

/** An append-only log that rotates. A full disk loses log lines, never the program. */
export class LogFile {
  private fd: number;
  private size_bytes: number;

  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    this.fd = openSync(path, 'a', 0o640);
    this.size_bytes = fstatSync(this.fd).size;
  }

  write(chunk: Buffer): void {
    try {
      if (this.size_bytes > limit_bytes) this.rotate();
      this.size_bytes += writeSync(this.fd, chunk);
    } catch {
      // Nowhere left to complain to.
    }
  }

  close(): void {
    try {
      closeSync(this.fd);
    } catch {
      // Already closed.
    }
  }

  private rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    closeSync(this.fd);
    this.fd = openSync(this.path, 'a', 0o640);
    this.size_bytes = 0;
  }
}
