import type { Pool } from 'pg';
import type { Counters } from './counters';
import type { Packet } from '../packet';
import type { Nas } from './nas';
import { readIdentity } from './read-record';

/** What a listener process is holding. */
export interface Holding {
  pending: number;
  oldest_ms: number | undefined;
  database: string;
  waiting: number;
}

export interface ReporterOptions {
  pool: Pool;
  host: string;
  instance: string;
  counters: Counters;
  holding: () => Holding;
}

const BEAT_MS = 5000;
const FLUSH_MS = 2000;
const MAX_UNKNOWN = 1000;

const BEAT = `INSERT INTO platform_heartbeat (part, instance, state, detail) VALUES ('accounting', $1, $2, $3)
  ON CONFLICT (part, instance) DO UPDATE SET beat_at = clock_timestamp(), state = excluded.state, detail = excluded.detail`;
const SPOOL = `INSERT INTO accounting_spool AS s (instance, host, pending_packets, oldest_at, beat_at, drained_at)
  VALUES ($1, $2, $3::bigint, lango_now() - $4::float8 * interval '1 ms', clock_timestamp(), CASE WHEN $3::bigint = 0 THEN lango_now() END)
  ON CONFLICT (instance) DO UPDATE SET pending_packets = excluded.pending_packets, oldest_at = excluded.oldest_at, beat_at = excluded.beat_at,
    drained_at = CASE WHEN excluded.pending_packets > 0 THEN s.drained_at
      -- Without a gap: the moment stands. After one, or after a drain, hearing begins anew.
      WHEN s.pending_packets = 0 AND s.beat_at > clock_timestamp() - interval '15 s' AND s.drained_at IS NOT NULL THEN s.drained_at
      ELSE excluded.drained_at END`;
const FORGET = `DELETE FROM accounting_spool WHERE host = $1 AND pending_packets = 0 AND beat_at < clock_timestamp() - interval '1 minute'`;

/** Tells the database every few seconds that this process lives, what it holds, and which routers it heard. Never in the way of a packet. */
export class Reporter {
  private readonly heard = new Map<string, { packet: Packet; at_ms: number }>();
  private readonly unknown = new Map<string, number>();
  private readonly withNewSecret = new Set<string>();
  private readonly timers: NodeJS.Timeout[] = [];
  private reporting: Promise<void> = Promise.resolve();
  private told = -1;

  constructor(private readonly o: ReporterOptions) {}

  start(): void {
    this.report();
    this.timers.push(setInterval(() => this.report(), BEAT_MS));
    this.timers.push(setInterval(() => this.flush(), FLUSH_MS));
  }

  heardOf(nas: Nas, packet: Packet): void {
    const entry = this.heard.get(nas.id);
    if (entry) {
      entry.packet = packet;
      entry.at_ms = Date.now();
    } else this.heard.set(nas.id, { packet, at_ms: Date.now() });
  }

  unknownHeard(address: string): void {
    const packets = this.unknown.get(address);
    if (packets === undefined && this.unknown.size >= MAX_UNKNOWN) return;
    this.unknown.set(address, (packets ?? 0) + 1);
  }

  /** A router whose secret is being replaced has used the new one. */
  newSecretUsed(nas: Nas): void {
    this.withNewSecret.add(nas.id);
  }

  /** Says at once what changed: that something is held back, or no longer. */
  holdingChanged(): void {
    const { pending } = this.o.holding();
    if (pending > 0 !== this.told > 0) this.report();
  }

  /** A dead process's records are in the database now. */
  async forget(instance: string): Promise<void> {
    await this.o.pool.query('DELETE FROM accounting_spool WHERE instance = $1', [instance]).catch(() => undefined);
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    this.flush();
    await this.reporting;
    const { pool, instance } = this.o;
    await pool
      .query(`DELETE FROM platform_heartbeat WHERE part = 'accounting' AND instance = $1`, [instance])
      .catch(() => undefined);
    if (this.o.holding().pending === 0) await this.forget(instance);
  }

  private report(): void {
    this.reporting = this.reporting.then(() => this.beat()).catch(() => undefined);
  }

  private async beat(): Promise<void> {
    const { pool, host, instance, counters } = this.o;
    const { pending, oldest_ms, database, waiting } = this.o.holding();
    const age_ms = pending > 0 && oldest_ms !== undefined ? Date.now() - oldest_ms : null;
    await pool.query(SPOOL, [instance, host, pending, age_ms]);
    this.told = pending;
    await pool.query(BEAT, [
      instance,
      pending > 0 ? 'draining' : 'ok',
      JSON.stringify({ ...counters, pending, database, waiting }),
    ]);
    await pool.query(FORGET, [host]);
  }

  private flush(): void {
    this.reporting = this.reporting.then(() => this.flushHeard()).catch(() => undefined);
  }

  private async flushHeard(): Promise<void> {
    if (this.heard.size > 0) {
      const entries = [...this.heard];
      this.heard.clear();
      const now = Date.now();
      await this.o.pool.query('SELECT accounting_heard_of($1, $2, $3)', [
        entries.map(([id]) => id),
        entries.map(([, entry]) => readIdentity(entry.packet).identifier),
        entries.map(([, entry]) => now - entry.at_ms),
      ]);
    }
    if (this.withNewSecret.size > 0) {
      const ids = [...this.withNewSecret];
      this.withNewSecret.clear();
      await this.o.pool.query('SELECT rotation_note_used($1)', [ids]);
    }
    if (this.unknown.size > 0) {
      const entries = [...this.unknown];
      this.unknown.clear();
      await this.o.pool.query('SELECT accounting_unknown_heard($1, $2)', [
        entries.map(([address]) => address),
        entries.map(([, packets]) => packets),
      ]);
    }
  }
}
