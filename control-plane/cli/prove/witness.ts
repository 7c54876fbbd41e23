import type { Session, SimulatedMikrotik } from '../../test-kit/mikrotik';
import type { Product } from './product';
import type { Violations } from './proof';

/** What a router said of one session and what it was told in return. */
interface Testimony {
  router: string;
  acctSessionId: string;
  username: string;
  /** Octets of the last report of each kind; reports only grow. */
  sentUp: bigint;
  sentDown: bigint;
  ackedUp: bigint;
  ackedDown: bigint;
  /** Whether anything of it was ever acknowledged. */
  acked: boolean;
}

interface Row {
  acct_session_id: string;
  identity: string;
  input_bytes: string;
  output_bytes: string;
}

/**
 * Stands at the routers and writes down what was reported and acknowledged. Whatever was killed meanwhile, rows must hold
 * at least what was acknowledged and at most what was sent.
 */
export class Witness {
  private readonly said = new Map<string, Testimony>();
  acknowledged = 0;
  lost = 0;

  watch(router: SimulatedMikrotik): void {
    router.events.on((event) => {
      if (event.kind !== 'accounting') return;
      if (event.outcome.kind === 'acknowledged') this.acknowledged++;
      else this.lost++;
      if (event.session) this.note(router.identity, event.session);
    });
  }

  get sessions(): number {
    return this.said.size;
  }

  /** Compares every session with its row, and hours and cycles with the sessions. Reports whatever differs. */
  async compare(product: Product, violations: Violations): Promise<{ exact: number; bytes: bigint }> {
    const rows = await product.ask<Row>(
      `SELECT s.acct_session_id, n.name AS identity, sum(s.input_bytes)::text AS input_bytes, sum(s.output_bytes)::text AS output_bytes
       FROM session_all s JOIN nas n ON n.id = s.nas_id GROUP BY 1, 2`,
    );
    const known = new Map(rows.map((row) => [`${row.identity} ${row.acct_session_id}`, row]));
    let exact = 0;
    let bytes = 0n;
    for (const [key, said] of this.said) {
      const row = known.get(key);
      if (row === undefined) {
        if (said.acked)
          violations.add(`session ${key} of ${said.username} was acknowledged and is not in the database`);
        continue;
      }
      const up = BigInt(row.input_bytes);
      const down = BigInt(row.output_bytes);
      bytes += up + down;
      if (up < said.ackedUp || down < said.ackedDown)
        violations.add(
          `session ${key}: ${up}/${down} bytes stored, ${said.ackedUp}/${said.ackedDown} were acknowledged`,
        );
      if (up > said.sentUp || down > said.sentDown)
        violations.add(`session ${key}: ${up}/${down} bytes stored, only ${said.sentUp}/${said.sentDown} were sent`);
      if (up === said.sentUp && down === said.sentDown) exact++;
    }
    for (const key of known.keys()) if (!this.said.has(key)) violations.add(`session ${key} was never reported`);
    await sumsAgree(product, violations);
    return { exact, bytes };
  }

  private note(router: string, session: Session): void {
    const key = `${router} ${session.id}`;
    const said = this.said.get(key) ?? {
      router,
      acctSessionId: session.id,
      username: session.username,
      sentUp: 0n,
      sentDown: 0n,
      ackedUp: 0n,
      ackedDown: 0n,
      acked: false,
    };
    this.said.set(key, said);
    for (const { status, counters, acknowledged } of session.reports) {
      // A Start carries no counters.
      const { up, down } = status === 'Start' ? { up: 0n, down: 0n } : counters;
      if (up > said.sentUp) said.sentUp = up;
      if (down > said.sentDown) said.sentDown = down;
      if (!acknowledged) continue;
      said.acked = true;
      if (up > said.ackedUp) said.ackedUp = up;
      if (down > said.ackedDown) said.ackedDown = down;
    }
  }
}

/** Usage by hour, usage by cycle and session counters are one number for every subscription. */
export async function sumsAgree(product: Pick<Product, 'ask'>, violations: Violations): Promise<void> {
  const different = await product.ask<{ id: string; hours: string; cycles: string; sessions: string }>(
    `WITH s AS (SELECT subscription_id AS id, sum(input_bytes) AS i, sum(output_bytes) AS o, sum(session_time_s) AS s FROM session_all WHERE subscription_id IS NOT NULL GROUP BY 1),
          h AS (SELECT subscription_id AS id, sum(input_bytes) AS i, sum(output_bytes) AS o, sum(seconds) AS s FROM usage_hour GROUP BY 1),
          c AS (SELECT subscription_id AS id, sum(input_bytes) AS i, sum(output_bytes) AS o, sum(seconds) AS s FROM usage_cycle GROUP BY 1)
     SELECT coalesce(s.id, h.id, c.id)::text AS id, concat_ws('/', h.i, h.o, h.s) AS hours, concat_ws('/', c.i, c.o, c.s) AS cycles, concat_ws('/', s.i, s.o, s.s) AS sessions
     FROM s FULL JOIN h USING (id) FULL JOIN c USING (id)
     WHERE (coalesce(s.i, 0), coalesce(s.o, 0), coalesce(s.s, 0)) <> (coalesce(h.i, 0), coalesce(h.o, 0), coalesce(h.s, 0))
        OR (coalesce(s.i, 0), coalesce(s.o, 0), coalesce(s.s, 0)) <> (coalesce(c.i, 0), coalesce(c.o, 0), coalesce(c.s, 0))`,
  );
  for (const row of different)
    violations.add(
      `usage of subscription ${row.id} (up/down/seconds): ${row.hours} in its hours, ${row.cycles} in its cycles, ${row.sessions} in its sessions`,
    );
}
