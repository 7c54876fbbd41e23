import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Pool } from 'pg';

/**
 * Tells the database as of which moment this process knows the routers. Whoever changes what a router is known by waits for all of them before the router
 * itself is told (prisma/functions/rotation.sql).
 */
export class NasReader {
  private readonly instance = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  private noting: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly pool: Pool,
    private readonly part: 'accounting' | 'freeradius',
  ) {}

  /** What the database held at `at`, by its own clock, counts here from now on. Never rejects: while it is away nobody waits for us. */
  note(at: string): void {
    if (this.stopped) return;
    this.noting = this.noting.then(() => this.tell(at)).catch(() => undefined);
  }

  /** This process knows no routers any more. */
  async forget(): Promise<void> {
    this.stopped = true;
    await this.noting;
    await this.tell(null).catch(() => undefined);
  }

  private tell(at: string | null): Promise<unknown> {
    return this.pool.query('SELECT nas_note_reader($1, $2, $3, $4::timestamptz)', [
      this.part,
      this.instance,
      hostname(),
      at,
    ]);
  }
}
