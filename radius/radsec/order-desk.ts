import type { Pool } from 'pg';
import { Notices, type PartLog } from '../part';
import type { Connection } from './connection';

interface OrderRow {
  enforcer: string;
  n: string;
  nas_id: string;
  request: Buffer;
}

interface AnswerRow {
  enforcer: string;
  n: string;
  code: number;
  error_cause: number | null;
}

export interface OrderDeskOptions {
  databaseUrl: string;
  pool: Pool;
  /** What this front is called in radsec_connection. */
  instance: string;
  connections: ReadonlySet<Connection>;
  log: PartLog;
}

/** Said for an order whose router is not connected here any more. */
const NOT_HERE = 0;

/**
 * Takes the orders that enforcers, on whichever host, left in the database for routers that are connected to this front, and writes down what the routers
 * answered. What comes while a statement is under way goes with the next.
 */
export class OrderDesk {
  private readonly notices: Notices;
  private readonly answers: AnswerRow[] = [];
  private taking: Promise<void> | undefined;
  private takeAgain = false;
  private telling: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly o: OrderDeskOptions) {
    this.notices = new Notices({
      databaseUrl: o.databaseUrl,
      name: 'lango-radsec-orders',
      channels: ['lango_radsec_order'],
      heard: (_channel, payload) => {
        if (payload === o.instance) this.look();
      },
      connected: () => this.look(),
    });
  }

  start(): Promise<void> {
    return this.notices.start();
  }

  /** Takes no more orders, and tells what was answered. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.notices.stop();
    await this.taking;
    await this.telling;
  }

  private look(): void {
    this.takeAgain = true;
    this.taking ??= this.take();
  }

  private async take(): Promise<void> {
    while (this.takeAgain && !this.stopped) {
      this.takeAgain = false;
      try {
        const { rows } = await this.o.pool.query<OrderRow>('SELECT * FROM radsec_take_orders($1)', [this.o.instance]);
        for (const row of rows) this.carry(row);
      } catch (error) {
        // The enforcer hears silence and gives it again.
        this.o.log.debug({ err: error }, 'RadSec: orders could not be taken');
      }
    }
    this.taking = undefined;
  }

  private carry({ enforcer, n, nas_id, request }: OrderRow): void {
    const own = [...this.o.connections].filter((one) => one.certificate.nasId === nas_id && one.open);
    // The one that came last: an older one may lie behind a dead NAT entry.
    const newest = own.reduce<Connection | undefined>((a, b) => (a && a.since_ms > b.since_ms ? a : b), undefined);
    const given = newest?.order(request, ({ code, errorCause }) =>
      this.tell({ enforcer, n, code, error_cause: errorCause }),
    );
    if (given !== true) this.tell({ enforcer, n, code: NOT_HERE, error_cause: null });
  }

  private tell(answer: AnswerRow): void {
    this.answers.push(answer);
    this.telling ??= this.tellAll();
  }

  private async tellAll(): Promise<void> {
    while (this.answers.length > 0) {
      const batch = this.answers.splice(0);
      await this.o.pool
        .query('SELECT radsec_answer_orders($1::jsonb)', [JSON.stringify(batch)])
        .catch((error: unknown) => this.o.log.debug({ err: error }, 'RadSec: answers of routers could not be told'));
    }
    this.telling = undefined;
  }
}
