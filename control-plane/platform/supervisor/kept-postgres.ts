import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log';
import { ensureDatabase, startEmbeddedPostgres, type EmbeddedPostgres } from '../postgres/embedded';

/** The embedded Postgres, started again on the same port whenever it dies. */
export class KeptPostgres {
  restarts = 0;
  private server: EmbeddedPostgres | undefined;
  private stopping = false;

  constructor(
    private readonly dataDir: string,
    private readonly database: string,
    private readonly log: Log,
  ) {}

  get pid(): number | undefined {
    return this.server?.pid;
  }

  /** Answers the owner's connection URL on our database. Throws with one sentence when the first start fails. */
  async start(): Promise<string> {
    this.server = await startEmbeddedPostgres({ dataDir: this.dataDir, durable: true, log: this.log });
    void this.watch(this.server);
    return ensureDatabase(this.server.ownerUrl, this.database);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.server?.stop();
  }

  private async watch(first: EmbeddedPostgres): Promise<void> {
    let server = first;
    for (;;) {
      await server.exited;
      if (this.stopping) return;
      this.log.warn('Postgres ended and is started again');
      this.restarts++;
      server = await this.again(server.port);
      this.server = server;
      if (this.stopping) await server.stop();
    }
  }

  /** Until it works: the last backends of a killed server may hold the shared memory for a moment longer. */
  private async again(port: number): Promise<EmbeddedPostgres> {
    for (let pause_ms = 50; ; pause_ms = Math.min(pause_ms * 2, 5000)) {
      try {
        return await startEmbeddedPostgres({ dataDir: this.dataDir, durable: true, port, log: this.log });
      } catch (error) {
        this.log.error({ err: error, pause_ms }, 'Postgres could not be started again');
        await sleep(pause_ms);
      }
    }
  }
}
