import type { Within } from '../../bulk';
import type { Context } from '../../platform/context';
import { normalizePhone } from '../../subscribers';
import { lineIds, ownerKey, textsOf, type Books, type Movement, type OpenCheque, type Owner } from './judge-lines';
import { addDays, type ReadLine } from './read-lines';

/** A reference in the books is looked for so many days before and after a statement. */
const AROUND_DAYS = 31;
/** Lines that are looked up in one transaction: of a thousand it took up to 0.7 s of processor time, where the database knew nothing of its tables yet. */
const LINES_AT_ONCE = 250;

export interface StatementSpan {
  id: bigint;
  currency: string;
  timezone: string;
  from: string;
  to: string;
}

/** What the books hold that the lines of a statement could tell of; piece by piece, for it takes long where they are many. */
export async function readBooks(within: Within, of: StatementSpan, read: ReadLine[]): Promise<Books> {
  const movements = await within((ctx) => readMovements(ctx, of));
  const cheques = await within((ctx) => readCheques(ctx, of.currency));
  const ids = lineIds(read, of.id.toString());
  const known = new Set<string>();
  for (let at = 0; at < ids.length; at += LINES_AT_ONCE)
    for (const id of await within((ctx) => readKnown(ctx, ids.slice(at, at + LINES_AT_ONCE)))) known.add(id);
  const owners: Books['owners'] = new Map();
  for (let at = 0; at < read.length; at += LINES_AT_ONCE) {
    const texts = textsAsked(read.slice(at, at + LINES_AT_ONCE), of.currency, owners);
    const found = await within((ctx) => readOwners(ctx, texts), at + LINES_AT_ONCE);
    for (const [key, owner] of found) owners.set(key, owner);
  }
  return { movements, cheques, known, owners };
}

function readMovements(ctx: Context, { currency, timezone, from, to }: StatementSpan): Promise<Movement[]> {
  return ctx.tx.$queryRaw<Movement[]>`
    SELECT m.transfer_id::text, m.amount_cents, to_char(m.at AT TIME ZONE ${timezone}, 'YYYY-MM-DD') AS day, m.reference, m.payment_id::text, m.subscriber_id::text, c.name
    FROM payment_bank_movements(${currency}, (${addDays(from, -AROUND_DAYS)}::date)::timestamp AT TIME ZONE ${timezone}, (${addDays(to, AROUND_DAYS)}::date)::timestamp AT TIME ZONE ${timezone}) m
    LEFT JOIN subscriber c ON c.id = m.subscriber_id ORDER BY m.transfer_id`;
}

function readCheques(ctx: Context, currency: string): Promise<OpenCheque[]> {
  return ctx.tx.$queryRaw<OpenCheque[]>`
    SELECT p.id::text AS payment_id, p.amount_cents, p.reference, p.subscriber_id::text, c.name FROM payment p JOIN subscriber c ON c.id = p.subscriber_id
    WHERE p.tenant_id = ${ctx.tenantId} AND p.method = 'cheque' AND p.currency = ${currency} AND p.cleared_at IS NULL AND p.state IN ('created', 'settled') ORDER BY p.id`;
}

async function readKnown(ctx: Context, ids: string[]): Promise<string[]> {
  const rows = await ctx.tx.$queryRaw<{ receipt: string }[]>`
    SELECT upper(receipt) AS receipt FROM payment_statement_row WHERE tenant_id = ${ctx.tenantId} AND method = 'bank' AND upper(receipt) = ANY (${ids}::text[])`;
  return rows.map(({ receipt }) => receipt);
}

type AskedText = { text: string; phone: string | null; cents: string; anyhow: boolean };

/** The texts of these lines of money that came in, each with its amount, but for those whose owner is known. */
function textsAsked(read: ReadLine[], currency: string, owners: Books['owners']): Map<string, AskedText> {
  const asked = new Map<string, AskedText>();
  for (const one of read) {
    if (one.kind === 'unread' || one.line.amount_cents < 0n) continue;
    const cents = one.line.amount_cents;
    for (const { text, anyhow } of textsOf(one.line)) {
      const key = ownerKey({ text, anyhow }, cents);
      if (owners.has(key)) continue;
      const phone = anyhow ? (normalizePhone(text, currency) ?? null) : null;
      asked.set(key, { text, phone, cents: cents.toString(), anyhow });
    }
  }
  return asked;
}

/** Whom these texts name. */
async function readOwners(ctx: Context, asked: Map<string, AskedText>): Promise<[string, Owner][]> {
  if (asked.size === 0) return [];
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
  return rows.map(({ n, name, subscriber_id, subscription_id }): [string, Owner] => [
    keys[n] ?? '',
    { name, subscriber_id: subscriber_id.toString(), subscription_id: subscription_id?.toString() ?? null },
  ]);
}
