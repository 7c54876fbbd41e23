import type { Context } from '../../platform/context';
import { normalizePhone } from '../../subscribers';
import { lineIds, ownerKey, textsOf, type Books, type Movement, type OpenCheque, type Owner } from './judge-lines';
import { addDays, type ReadLine } from './read-lines';

/** A reference in the books is looked for so many days before and after a statement. */
const AROUND_DAYS = 31;

/** What the books hold that the lines of a statement could tell of, in a few statements however many lines there are. */
export async function readBooks(
  ctx: Context,
  of: { id: bigint; currency: string; timezone: string; from: string; to: string },
  read: ReadLine[],
): Promise<Books> {
  const { currency, timezone } = of;
  const movements = await ctx.tx.$queryRaw<Movement[]>`
    SELECT m.transfer_id::text, m.amount_cents, to_char(m.at AT TIME ZONE ${timezone}, 'YYYY-MM-DD') AS day, m.reference, m.payment_id::text, m.subscriber_id::text, c.name
    FROM payment_bank_movements(${currency}, (${addDays(of.from, -AROUND_DAYS)}::date)::timestamp AT TIME ZONE ${timezone}, (${addDays(of.to, AROUND_DAYS)}::date)::timestamp AT TIME ZONE ${timezone}) m
    LEFT JOIN subscriber c ON c.id = m.subscriber_id ORDER BY m.transfer_id`;
  const cheques = await ctx.tx.$queryRaw<OpenCheque[]>`
    SELECT p.id::text AS payment_id, p.amount_cents, p.reference, p.subscriber_id::text, c.name FROM payment p JOIN subscriber c ON c.id = p.subscriber_id
    WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'cheque' AND p.currency = ${currency} AND p.cleared_at IS NULL AND p.state IN ('created', 'settled') ORDER BY p.id`;
  const known = await ctx.tx.$queryRaw<{ receipt: string }[]>`
    SELECT upper(receipt) AS receipt FROM payment_statement_row
    WHERE tenant_id = ${ctx.tenantId} AND method = 'bank' AND upper(receipt) = ANY (${lineIds(read, of.id.toString())}::text[])`;
  return {
    movements,
    cheques,
    known: new Set(known.map(({ receipt }) => receipt)),
    owners: await readOwners(ctx, currency, read),
  };
}

/** Whom the texts of lines of money that came in name; each text and amount is asked for once. */
async function readOwners(ctx: Context, currency: string, read: ReadLine[]): Promise<Books['owners']> {
  const asked = new Map<string, { text: string; phone: string | null; cents: string; anyhow: boolean }>();
  for (const one of read) {
    if (one.kind === 'unread' || one.line.amount_cents < 0n) continue;
    const cents = one.line.amount_cents;
    for (const { text, anyhow } of textsOf(one.line)) {
      const phone = anyhow ? (normalizePhone(text, currency) ?? null) : null;
      asked.set(ownerKey({ text, anyhow }, cents), { text, phone, cents: cents.toString(), anyhow });
    }
  }
  const keys = [...asked.keys()];
  const texts = [...asked.values()].map((one, n) => ({ n, ...one }));
  const rows = await ctx.tx.$queryRaw<
    (Omit<Owner, 'subscriber_id' | 'subscription_id'> & {
      n: number;
      subscriber_id: bigint;
      subscription_id: bigint | null;
    })[]
  >`
    SELECT * FROM payment_bank_owners(${JSON.stringify(texts)}::jsonb)`;
  return new Map(
    rows.map(({ n, name, subscriber_id, subscription_id }) => [
      keys[n] ?? '',
      { name, subscriber_id: subscriber_id.toString(), subscription_id: subscription_id?.toString() ?? null },
    ]),
  );
}
