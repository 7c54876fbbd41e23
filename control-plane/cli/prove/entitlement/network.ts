import type { Client } from 'pg';
import type { TestLango } from '../../../test-kit/lango';
import type { Dice } from '../dice';
import type { Violations } from '../proof';
import type { Oracle, Verdict } from './oracle';

/** Whom the network knows. */
interface Customer {
  id: string;
  username: string;
  oracle: Oracle;
  story: string[];
}

interface Session {
  sid: string;
  customer: Customer;
  class: string;
  mode: string;
  rate: string | null;
  started_ms: number;
  bytes: number;
  untoldSince_ms?: number;
}

interface Packet {
  kind: 'start' | 'interim' | 'stop';
  session: Session;
  seconds: number;
}

/** Of time online, as subscription_arm_online sets it, and a little more. */
const ALARM_MS = 310_000;
const LONGEST_TIMEOUT_S = 21_474_720;
const MODES: Record<string, string> = { f: 'full', t: 'throttled', g: 'garden' };
const KINDS = { start: 1, stop: 2, interim: 3 } as const;

/** A router that is nothing but its logins, its accounting and what it is ordered: it obeys at once. */
export class Network {
  private readonly sessions = new Map<string, Session>();
  private number = 0;

  constructor(
    private readonly lango: TestLango,
    private readonly owner: Client,
    private readonly tenantId: string,
    private readonly nasId: string,
  ) {}

  /** Asks as FreeRADIUS does, for a PPPoE login on a MikroTik. */
  async login(username: string): Promise<Verdict & { at_ms: number; class: string }> {
    const { rows } = await this.owner.query<{ at_ms: number; pairs: Record<string, string> }>(
      `SELECT (extract(epoch FROM lango_now()) * 1000)::float8 AS at_ms, jsonb_object_agg(attribute, value) AS pairs
       FROM aaa_authorize($1, $2, 'mikrotik', 'off', 'approved', encode(convert_to($3, 'UTF8'), 'hex'), '', '2', '15', 'x', '')`,
      [this.nasId, this.tenantId, username],
    );
    const { at_ms, pairs } = rows[0]!;
    const [, up, down] = /^(\d+)k\/(\d+)k/.exec(pairs['Mikrotik-Rate-Limit'] ?? '') ?? [];
    const timeout_s = Number(pairs['Session-Timeout']);
    return {
      decision: pairs['Lango-Decision'] as Verdict['decision'],
      reason: pairs['Lango-Reason'] ?? '',
      rate: up === undefined ? null : `${up}/${down}`,
      // More than RouterOS takes is cut off there; the next login brings the rest.
      until_ms: timeout_s < LONGEST_TIMEOUT_S ? at_ms + timeout_s * 1000 : null,
      at_ms,
      class: pairs['Class'] ?? '',
    };
  }

  /** Everything that the enforcer does by the clock, and the periods of the oracles with it. */
  async workAlarms(people: readonly Customer[]): Promise<void> {
    const { rows } = await this.owner.query<{ at_ms: number }>(
      `SELECT (extract(epoch FROM lango_now()) * 1000)::float8 AS at_ms`,
    );
    const worked = async (call: string): Promise<number> =>
      (await this.owner.query<{ n: number }>(`SELECT ${call} AS n`)).rows[0]!.n;
    while ((await worked('enforce_expired(200)')) > 0);
    while ((await worked('enforce_rules(200)')) > 0);
    for (const { oracle } of people) oracle.ring(rows[0]!.at_ms);
  }

  /** Devices come, go and move bytes: some of them, in one batch. Gives the number of records. */
  async report(people: readonly Customer[], dice: Dice): Promise<number> {
    const packets: Packet[] = [];
    for (const session of this.sessions.values()) {
      if (dice.chance(0.3)) continue;
      if (session.mode !== 'garden') session.bytes += dice.between(0, 6_000_000);
      packets.push({ kind: dice.chance(0.15) ? 'stop' : 'interim', session, seconds: 0 });
    }
    for (const customer of people) {
      if ([...this.sessions.values()].filter((one) => one.customer === customer).length > 1 || !dice.chance(0.5))
        continue;
      const seen = await this.login(customer.username);
      if (seen.decision === 'reject') continue;
      const sid = `s${(this.number += 1)}`;
      const mode = MODES[seen.class.split(':')[3] ?? ''] ?? '';
      const session = { sid, customer, class: seen.class, mode, rate: seen.rate, started_ms: 0, bytes: 0 };
      packets.push({ kind: 'start', session, seconds: 0 });
    }
    await this.send(packets);
    return packets.length;
  }

  /** Every open session that has not what its subscription gives now must be asked for; the router then does as asked. Gives the number of orders. */
  async obey(verdicts: ReadonlyMap<Customer, Verdict & { at_ms: number }>, violations: Violations): Promise<number> {
    const { rows } = await this.owner.query<{ sid: string; kind: string }>(
      `SELECT l.acct_session_id AS sid, e.kind FROM enforcement e JOIN session_live l ON l.radacctid = e.session_id
       WHERE e.state = 'open' AND e.tenant_id = $1`,
      [this.tenantId],
    );
    const orders = new Map(rows.map((row) => [row.sid, row.kind]));
    for (const session of this.sessions.values()) {
      const now = verdicts.get(session.customer);
      if (orders.has(session.sid) || now === undefined || !wrong(session, now)) continue;
      // Time that a silent session used up without a word comes to light when the alarm is next looked at.
      if (now.reason === 'time_used_up' && now.at_ms - (session.untoldSince_ms ??= now.at_ms) < ALARM_MS) continue;
      const what = `session ${session.sid} (${session.mode} ${session.rate}) of ${JSON.stringify(now)}`;
      violations.add(`nobody told ${what}\n${session.customer.story.join('\n')}`);
    }
    await this.follow(orders);
    return orders.size;
  }

  private async follow(orders: ReadonlyMap<string, string>): Promise<void> {
    const stops: Packet[] = [];
    for (const [sid, kind] of orders) {
      const session = this.sessions.get(sid);
      if (session === undefined) continue;
      if (kind === 'cut' || (kind === 'restore' && session.mode === 'garden')) {
        stops.push({ kind: 'stop', session, seconds: 0 });
        continue;
      }
      const now = await this.login(session.customer.username);
      session.rate = now.rate;
      if (kind !== 'refresh') session.mode = kind === 'throttle' ? 'throttled' : 'full';
      await this.owner.query(
        `UPDATE session_live l SET mode = $3, told_rate = CASE WHEN v.rules IS NOT NULL THEN $4 END
         FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id WHERE s.id = l.subscription_id AND l.nas_id = $1 AND l.acct_session_id = $2`,
        [this.nasId, sid, session.mode, now.rate && now.rate.replace(/(\d+)\/(\d+)/, '$1k/$2k')],
      );
    }
    await this.owner.query(
      `UPDATE enforcement SET state = 'proven', proven_by = 'interim', proven_at = lango_now(), closed_at = lango_now()
       WHERE state = 'open' AND tenant_id = $1 AND kind <> 'cut'`,
      [this.tenantId],
    );
    await this.send(stops);
  }

  /** One batch as the listener sends it; the oracles hear the same. */
  private async send(packets: Packet[]): Promise<void> {
    if (packets.length === 0) return;
    const { rows } = await this.owner.query<{ shift_ms: number }>(
      `SELECT (extract(epoch FROM shift) * 1000)::bigint::float8 AS shift_ms FROM platform_clock`,
    );
    const real_ms = Date.now();
    const at_ms = real_ms + rows[0]!.shift_ms;
    packets.sort((a, b) => (a.session.sid < b.session.sid ? -1 : 1));
    for (const packet of packets) {
      const { session } = packet;
      if (packet.kind === 'start') session.started_ms = at_ms;
      // The garden is outside of this proof: what passes there is nobody's service.
      packet.seconds = session.mode === 'garden' ? 0 : Math.floor((at_ms - session.started_ms) / 1000);
    }
    const of = <T>(value: (packet: Packet) => T): T[] => packets.map(value);
    const written = await this.owner.query<{ needs: number[] | null }>(
      `SELECT needs FROM accounting_apply($1::bigint[], $2::text[], $3::smallint[], $4::bigint[], $4::bigint[], $5::smallint[], $6::bigint[], $7::bigint[], $8::bigint[],
         $9::text[], $10::bigint[], $11::inet[], $12::text[], $12::text[], $12::text[], $13::text[], false)`,
      [
        of(() => this.nasId),
        of((p) => p.session.sid),
        of((p) => KINDS[p.kind]),
        of(() => real_ms),
        of(() => 7),
        of((p) => p.seconds),
        of((p) => p.session.bytes),
        of(() => 0),
        of((p) => p.session.class.split(':')[2] ?? null),
        of(() => 0),
        of(() => null),
        of(() => null),
        of((p) => this.details(p.session)),
      ],
    );
    if ((written.rows[0]?.needs ?? []).length > 0) throw new Error('packets of known sessions found none');
    for (const { kind, session, seconds } of packets) {
      if (kind === 'start') this.sessions.set(session.sid, session);
      if (session.mode !== 'garden') session.customer.oracle.report(session.sid, at_ms, seconds, session.bytes, kind);
      session.customer.story.push(
        `${new Date(at_ms).toISOString()} ${kind} ${session.sid} ${session.mode} ${seconds} s ${session.bytes} bytes`,
      );
      if (kind === 'stop') this.sessions.delete(session.sid);
    }
  }

  /** In the order of radius/accounting/details.ts. */
  private details(session: Session): string {
    const fields = Array<string>(22).fill('');
    fields[0] = this.tenantId;
    fields[1] = session.customer.id;
    fields[2] = session.mode;
    fields[3] = session.customer.username;
    fields[5] = '127.0.0.9';
    fields[13] = 'ppp';
    fields[20] = Buffer.from(session.class).toString('hex');
    fields[21] = '300';
    return fields.join('\u001f');
  }
}

function wrong(session: Session, now: Verdict): boolean {
  if (now.decision === 'accept') return session.mode === 'garden' || session.rate !== now.rate;
  return now.decision === 'garden' ? session.mode !== 'garden' : true;
}
