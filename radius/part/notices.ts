import { Client } from 'pg';

export interface NoticesOptions {
  databaseUrl: string;
  /** Name of the connection in pg_stat_activity. */
  name: string;
  channels: readonly string[];
  heard(channel: string, payload: string): void;
  /** The connection stands, for the first time or again: what was said before was missed. */
  connected(): void;
  /** Words are missed from now on; told once per loss, also when the first try fails. */
  lost?(error: unknown): void;
}

const RECONNECT_MS = 1000;
const CONNECT_MS = 3000;
/** A server that hangs may still let its backlog connect. */
const ANSWER_MS = 5000;
const GOODBYE_MS = 500;

/**
 * LISTEN on a connection of its own, which is opened again, every second, for as long as it takes. It needs a server or a session pooler: a transaction
 * pooler forgets who listens.
 */
export class Notices {
  private client: Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private told = false;
  /** False while words may be missed. */
  connected = false;

  constructor(private readonly o: NoticesOptions) {}

  /** Ends with the first try, whatever became of it; never rejects. */
  async start(): Promise<void> {
    if (this.stopped) return;
    const client = new Client({
      connectionString: this.o.databaseUrl,
      application_name: this.o.name,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
    });
    this.client = client;
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the connection ended')));
    client.on('notification', ({ channel, payload }) => this.o.heard(channel, payload ?? ''));
    try {
      await client.connect();
      for (const channel of this.o.channels) await client.query(`LISTEN ${channel}`);
    } catch (error) {
      this.lost(client, error);
      return;
    }
    if (this.client !== client) return;
    this.connected = true;
    this.told = false;
    this.o.connected();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { client } = this;
    this.client = undefined;
    this.connected = false;
    if (client) await close(client);
  }

  private lost(client: Client, error: unknown): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.connected = false;
    void close(client);
    if (!this.told) this.o.lost?.(error);
    this.told = true;
    this.timer = setTimeout(() => void this.start(), RECONNECT_MS);
  }
}

/** Says goodbye, and hangs up on a server that does not answer it. */
async function close(client: Client): Promise<void> {
  const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
  const timer = setTimeout(() => stream.destroy(), GOODBYE_MS);
  await client.end().catch(() => undefined);
  clearTimeout(timer);
}
