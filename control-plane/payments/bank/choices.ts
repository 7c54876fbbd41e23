import type { Run } from '../../bulk';
import type { Context } from '../../platform/context';
import type { HeldLine, StatementParams } from './plan-statement';
import { addDays } from './read-lines';

/** A movement of our books, or a cheque, that a line may be instead of what was proposed. */
export interface Choice {
  kind: 'movement' | 'cheque';
  id: string;
  reference: string;
  name: string | null;
  subscriber_id: string | null;
  at: Date;
}

const AROUND_DAYS = 31;
const CHOICES_MAX = 20;

/** What stands in the books with just this amount, is no line's, and is proposed to no line of this run; nearest day first. */
export async function choicesFor(ctx: Context, run: Run, held: HeldLine): Promise<Choice[]> {
  const { currency, timezone } = run.params as unknown as StatementParams;
  const cents = BigInt(held.amount_cents);
  return ctx.tx.$queryRaw<Choice[]>`
    WITH taken AS (
      SELECT w.data -> 'line' -> 'deed' AS deed FROM bulk_row w WHERE w.run_id = ${run.id} AND w.fate = 'will' AND w.outcome IS NULL AND w.data -> 'line' -> 'deed' ->> 'what' IN ('tie', 'clear'))
    SELECT x.kind, x.id, x.reference, c.name, x.subscriber_id::text, x.at FROM (
      SELECT 'movement' AS kind, m.transfer_id::text AS id, m.reference, m.subscriber_id, m.at
      FROM payment_bank_movements(${currency}, (${addDays(held.day, -AROUND_DAYS)}::date)::timestamp AT TIME ZONE ${timezone}, (${addDays(held.day, AROUND_DAYS)}::date)::timestamp AT TIME ZONE ${timezone}) m
      WHERE m.amount_cents = ${cents} AND NOT EXISTS (SELECT FROM taken t WHERE t.deed ->> 'transfer_id' = m.transfer_id::text)
      UNION ALL
      SELECT 'cheque', p.id::text, p.reference, p.subscriber_id, p.received_at FROM payment p
      WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'cheque' AND p.currency = ${currency} AND p.cleared_at IS NULL AND p.state IN ('created', 'settled') AND p.amount_cents = ${cents}
        AND NOT EXISTS (SELECT FROM taken t WHERE t.deed ->> 'payment_id' = p.id::text)) x
    LEFT JOIN subscriber c ON c.id = x.subscriber_id
    ORDER BY abs(extract(epoch FROM x.at - ((${held.day}::date + time '12:00') AT TIME ZONE ${timezone}))), x.id LIMIT ${CHOICES_MAX}`;
}
