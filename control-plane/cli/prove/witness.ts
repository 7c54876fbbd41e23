import { Testimony, type Mark } from '../../test-kit/mikrotik';
import type { Product } from './product';
import type { Violations } from './proof';

interface Row {
  acct_session_id: string;
  identity: string;
  input_bytes: string;
  output_bytes: string;
}

/** What the routers of a proof testify, compared with the rows of its database. */
export class Witness extends Testimony {
  /** Compares every session with its row, and hours and cycles with the sessions. `mark`: before the spools were seen empty. Reports whatever differs. */
  async judge(product: Product, violations: Violations, mark: Mark): Promise<{ exact: number; bytes: bigint }> {
    const rows = await product.ask<Row>(
      `SELECT s.acct_session_id, n.name AS identity, s.input_bytes::text AS input_bytes, s.output_bytes::text AS output_bytes
       FROM session_all s JOIN nas n ON n.id = s.nas_id`,
    );
    const { differences, exact, bytes } = this.compare(
      rows.map((row) => ({
        router: row.identity,
        acctSessionId: row.acct_session_id,
        up: BigInt(row.input_bytes),
        down: BigInt(row.output_bytes),
      })),
      mark,
    );
    for (const difference of differences) violations.add(difference);
    await sumsAgree(product, violations);
    return { exact, bytes };
  }
}

/** Usage by hour, usage by cycle and session counters are one number for every subscription. */
export async function sumsAgree(product: Pick<Product, 'ask'>, violations: Violations): Promise<void> {
  const different = await product.ask<{ id: string; hours: string; cycles: string; sessions: string }>(
    `WITH s AS (SELECT subscription_id AS id, sum(input_bytes) AS i, sum(output_bytes) AS o, sum(session_time_s) AS s FROM session_all WHERE subscription_id IS NOT NULL GROUP BY 1),
          h AS (SELECT subscription_id AS id, sum(input_bytes) AS i, sum(output_bytes) AS o, sum(seconds) AS s FROM usage_hour_all GROUP BY 1),
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
