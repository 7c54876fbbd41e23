import { Client, type ClientConfig, DatabaseError } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyedPlans, SlowPlans } from '../part';

export interface DatabaseOptions {
  /** Connection URL of the radius role. */
  databaseUrl: string;
  log: { warn(detail: object, text: string): void; info(detail: object, text: string): void };
}

/** A statement: named ones are parsed once per connection. */
export interface Statement {
  text: string;
  name?: string;
  values?: string[];
}

/** `refused`: Postgres said no to this statement. `away`: it says nothing, or cannot be reached. */
export type Answered =
  | { kind: 'rows'; columns: string[]; rows: (string | null)[][] }
  | { kind: 'refused'; text: string }
  | { kind: 'away'; text: string };

/** Past this the database counts as hung. */
const patience_ms = 900;
const retry_ms = 250;
const connect_ms = 2000;
const mending_ms = 300;
/** Sixty-four logins take about 2 ms. */
const slow_ms = 20;

/**
 * One connection to Postgres, made again whenever it is lost. While there is none, every statement is answered `away` at once: whoever asks has other
 * ways then, and must not wait for a server that hangs.
 */
export class Database {
  private client: Client | undefined;
  private stopped = false;
  private told = false;
  private readonly plans = new SlowPlans();
  private readonly kept: Promise<void>;
  /** The try to connect that is under way right after a loss: worth a moment's wait, unlike those that follow. */
  private mending: Promise<void> | undefined;

  constructor(private readonly o: DatabaseOptions) {
    this.kept = this.keepConnected();
  }

  /** Never rejects. Values are texts, as they stand in the tables. */
  async run(statement: Statement): Promise<Answered> {
    if (!this.client && this.mending) await within(this.mending, mending_ms).catch(() => undefined);
    const { client } = this;
    if (!client) return { kind: 'away', text: 'the database is away' };
    const begun_ms = performance.now();
    try {
      const { fields, rows } = await within(
        client.query<(string | null)[]>({ ...statement, rowMode: 'array' }),
        patience_ms,
      );
      void this.plans.look(client, performance.now() - begun_ms, slow_ms);
      return { kind: 'rows', columns: fields.map(({ name }) => name), rows };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      // Cut off by its own time limit: the database is as good as hung, though this connection is well.
      if (error instanceof DatabaseError && !error.code?.startsWith('57P'))
        return { kind: error.code === '57014' ? 'away' : 'refused', text };
      this.lose(client, text);
      return { kind: 'away', text };
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.client) drop(this.client);
    await this.kept;
  }

  private lose(client: Client, why: string): void {
    if (this.client !== client) return;
    this.client = undefined;
    drop(client);
    if (this.told || this.stopped) return;
    this.told = true;
    this.o.log.warn({ why }, 'Postgres is away; no login is decided by it until it is back');
  }

  private async keepConnected(): Promise<void> {
    while (!this.stopped) {
      const trying = this.connect();
      this.mending = trying.then(() => undefined);
      let lost = await trying;
      this.mending = undefined;
      while (!lost && !this.stopped) {
        await sleep(retry_ms);
        lost = await this.connect();
      }
      await lost?.gone;
    }
  }

  /** One try. Gives the moment at which the new connection is gone again. */
  private async connect(): Promise<{ gone: Promise<void> } | undefined> {
    const client = new Client(connection(this.o.databaseUrl));
    const ended = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
    });
    try {
      await within(client.connect(), connect_ms);
      // A server that hangs may still let its postmaster's backlog connect.
      await within(client.query('SELECT 1'), connect_ms);
    } catch {
      drop(client);
      return undefined;
    }
    if (this.stopped) {
      drop(client);
      return undefined;
    }
    this.client = client;
    if (this.told) this.o.log.info({}, 'Postgres answers again');
    this.told = false;
    return { gone: ended.then(() => this.lose(client, 'the connection ended')) };
  }
}

/** Ends a connection without a word to a server that may not listen. */
function drop(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** Below our own patience, so that a slow statement ends at the server and the connection survives. */
const statement_ms = 800;

function connection(databaseUrl: string): ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: 'lango-authorizer',
    options: keyedPlans(statement_ms),
    keepAlive: true,
    // What is passed on to FreeRADIUS is text.
    types: { getTypeParser: () => (value: string) => value },
  };
}

async function within<T>(work: Promise<T>, limit_ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the database did not answer in time')), limit_ms);
  });
  try {
    return await Promise.race([work, patience]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
