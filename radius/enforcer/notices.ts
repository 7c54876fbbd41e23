import { Client } from 'pg';
import type { EnforcerLog } from './log';

/** Channels that mean: look what is due. lango_clock is sent when a scenario moves the clock. */
const WAKING = ['lango_enforcement', 'lango_expiry', 'lango_clock'];
const RECONNECT_MS = 1000;

export interface NoticeHandlers {
  /** Something may be due. Also called after every reconnection: notices sent meanwhile are lost. */
  wake(): void;
  /** Enforcement rows were written. */
  rowsWritten(): void;
  /** A router was added, changed or deleted. */
  routerChanged(nasname: string): void;
}

/** LISTEN on a connection of its own, which is opened again for as long as it takes. */
export class Notices {
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  /** False while notices may be missed. */
  connected = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly handlers: NoticeHandlers,
    private readonly log: EnforcerLog,
  ) {}

  /** Connects, or begins to try; never throws. */
  async start(): Promise<void> {
    if (this.stopped) return;
    const client = new Client({
      connectionString: this.databaseUrl,
      application_name: 'lango-enforcer-listen',
      keepAlive: true,
      connectionTimeoutMillis: 3000,
    });
    this.client = client;
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ channel, payload }) => {
      if (channel === 'lango_nas') this.handlers.routerChanged(payload ?? '');
      else if (channel === 'lango_enforcement') this.handlers.rowsWritten();
      else this.handlers.wake();
    });
    try {
      await client.connect();
      for (const channel of [...WAKING, 'lango_nas']) await client.query(`LISTEN ${channel}`);
      this.connected = true;
      this.handlers.wake();
    } catch {
      this.lost(client);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { client } = this;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  private lost(client: Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    if (this.connected) this.log.warn({}, 'the database connection for notices is lost; trying again every second');
    this.connected = false;
    void client.end().catch(() => undefined);
    if (!this.stopped) this.timer = setTimeout(() => void this.start(), RECONNECT_MS);
  }
}
