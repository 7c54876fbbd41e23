import type { Pool } from 'pg';
import type { Attempt, Task } from './task';
import { readTask } from './task';

/** What happened to a claimed row. Without `state` the row stays open and is due again after `wait_s`. */
export interface EnforcementRecord {
  id: string;
  instance: string;
  due: string;
  attempt?: {
    via: string;
    outcome: Attempt['outcome'];
    error_cause: number | null;
    ms: number;
    /** What the router said or showed. */
    detail?: string;
  };
  wait_s?: number;
  state?: 'proven' | 'unproven' | 'gave_up';
  proven_by?: string;
  /** The rate that was acknowledged; accounting records are held against it. */
  rate_limit?: string;
}

/** How much one claim may take. */
export interface ClaimBounds {
  instance: string;
  leaseS: number;
  limit: number;
  /** Rows for a router of which nothing is known yet. */
  window: number;
  /** Routers with another room than that. */
  room: ReadonlyMap<string, number>;
  /** Lango's time since when accounting is heard without a gap. */
  listeningSince: string | null;
}

/** An order for a router that is connected to a RadSec front. */
export interface FrontOrder {
  n: string;
  front: string;
  nas_id: string;
  /** base64 */
  request: string;
}

/** What came of one; code 0: the front does not hold the router's connection any more. */
export interface FrontAnswer {
  n: string;
  code: number;
  error_cause: number | null;
}

/** The enforcer's calls into prisma/functions/enforcement-work.sql. */
export class EnforcementStore {
  constructor(private readonly pool: Pool) {}

  async claim(bounds: ClaimBounds): Promise<Task[]> {
    const { rows } = await this.pool.query<{ task: unknown }>(
      'SELECT enforcement_claim($1, $2, $3, $4, $5::bigint[], $6::integer[], $7::timestamptz) AS task',
      [
        bounds.instance,
        bounds.leaseS,
        bounds.limit,
        bounds.window,
        [...bounds.room.keys()],
        [...bounds.room.values()],
        bounds.listeningSince,
      ],
    );
    return rows.map((row) => readTask(row.task));
  }

  /** Milliseconds until the first of those that stay open is due again; null when none does. */
  async record(records: readonly EnforcementRecord[]): Promise<number | null> {
    const { rows } = await this.pool.query<{ ms: number | null }>('SELECT enforcement_record($1::jsonb) AS ms', [
      JSON.stringify(records),
    ]);
    return rows[0]?.ms ?? null;
  }

  async giveOrders(enforcer: string, orders: readonly FrontOrder[]): Promise<void> {
    await this.pool.query('SELECT radsec_give_orders($1, $2::jsonb)', [enforcer, JSON.stringify(orders)]);
  }

  async takeAnswers(enforcer: string): Promise<FrontAnswer[]> {
    return (await this.pool.query<FrontAnswer>('SELECT * FROM radsec_take_answers($1)', [enforcer])).rows;
  }

  /** What an acknowledged change has given a session. In a transaction of its own: nothing else may be locked while it waits for the session. */
  async setMode(sessionId: string, mode: 'full' | 'throttled', rate: string | null): Promise<void> {
    await this.pool.query(
      `UPDATE session_live l SET mode = $2, told_rate = CASE WHEN v.rules IS NOT NULL THEN $3 END
       FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id
       WHERE l.radacctid = $1 AND l.stopped_at IS NULL AND s.id = l.subscription_id`,
      [sessionId, mode, rate],
    );
  }

  /** Works alarms of plans with hours, returning caps or time online; returns how many, 0 when none is left. */
  async enforceRules(limit: number): Promise<number> {
    const { rows } = await this.pool.query<{ n: number }>('SELECT enforce_rules($1) AS n', [limit]);
    return rows[0]?.n ?? 0;
  }

  /** A router does not hold this session any more: closes its rows and the session. False when that must wait, because it is being written. */
  async readGone(sessionId: string): Promise<boolean> {
    const { rows } = await this.pool.query<{ done: boolean }>('SELECT enforcement_read_gone($1) AS done', [sessionId]);
    return rows[0]?.done ?? false;
  }

  /** Whether a router's API could be used; null: it could. */
  async noteApi(nasId: string, fault: string | null): Promise<void> {
    await this.pool.query('SELECT enforcement_note_api($1, $2)', [nasId, fault]);
  }

  /** Writes whether a router answers; when a silent one speaks again, what waited for it becomes due, and the answer is true. */
  async noteRouter(nasId: string, outcome: Attempt['outcome']): Promise<boolean> {
    const { rows } = await this.pool.query<{ back: boolean }>('SELECT enforcement_note_router($1, $2) AS back', [
      nasId,
      outcome,
    ]);
    const back = rows[0]?.back ?? false;
    if (back) await this.pool.query('SELECT enforcement_retry_router($1)', [nasId]);
    return back;
  }

  /** Turns ends of validity that have come into rows; returns how many subscriptions were taken. */
  async enforceExpired(limit: number): Promise<number> {
    const { rows } = await this.pool.query<{ n: number }>('SELECT enforce_expired($1) AS n', [limit]);
    return rows[0]?.n ?? 0;
  }

  /** Milliseconds until something is due; negative when it is overdue, null when nothing waits. */
  async nextMs(): Promise<number | null> {
    const { rows } = await this.pool.query<{ ms: number | null }>('SELECT enforcement_next_ms() AS ms');
    return rows[0]?.ms ?? null;
  }

  /** Rows written for sessions that disagree with their subscription; -1 when another enforcer is at it. */
  async sweep(): Promise<number> {
    const { rows } = await this.pool.query<{ n: number }>('SELECT enforcement_sweep() AS n');
    return rows[0]?.n ?? 0;
  }

  /** Lango's time if a listener lives, else null. */
  async listenerAliveAt(): Promise<string | null> {
    const { rows } = await this.pool.query<{ at: string | null }>(
      `SELECT CASE WHEN EXISTS (SELECT 1 FROM platform_heartbeat WHERE part = 'accounting' AND beat_at > clock_timestamp() - interval '15 seconds')
         THEN lango_now()::text END AS at`,
    );
    return rows[0]?.at ?? null;
  }

  /** A router's address or secret has changed: what waits for it is due now. Returns its id, or undefined when it was deleted. */
  async retryRouter(nasname: string): Promise<string | undefined> {
    const { rows } = await this.pool.query<{ id: string }>(
      'SELECT id, enforcement_retry_router(id) FROM nas WHERE nasname = $1',
      [nasname],
    );
    return rows[0]?.id;
  }
}
