import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageOf, type Page } from '../platform/http/input';

/** An account as the API shows it; balance_cents reads naturally: money in the till, money owed to a wallet, income earned are all positive. */
export const accountAnswer = z.object({
  id: z.string(),
  code: z.string(),
  name: z.string(),
  kind: z.enum(['asset', 'liability', 'income', 'expense']),
  currency: z.string(),
  balance_cents: z.int(),
  client_id: z.string().nullable(),
  entries: z.int(),
});
export type LedgerAccount = z.output<typeof accountAnswer>;

export interface AccountFilter {
  /** Start of a code: `wallet` gives all wallets. */
  q?: string | undefined;
  client_id?: bigint | undefined;
  limit: number;
  after: bigint | undefined;
}

/** Accounts of the company in the order they were opened. */
export async function listAccounts(ctx: Context, filter: AccountFilter): Promise<Page<LedgerAccount>> {
  const rows = await ctx.tx.ledger_account.findMany({
    where: {
      ...(filter.q ? { code: { startsWith: filter.q } } : {}),
      ...(filter.client_id ? { subscriber_id: filter.client_id } : {}),
      ...(filter.after ? { id: { gt: filter.after } } : {}),
    },
    orderBy: { id: 'asc' },
    take: filter.limit + 1,
  });
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    (row) => {
      const kind = row.kind as LedgerAccount['kind'];
      const balance = Number(row.balance_cents);
      return {
        id: row.id.toString(),
        code: row.code,
        name: row.name,
        kind,
        currency: row.currency,
        // Stored as credits minus debits; assets and expenses are debit accounts. The sum avoids a minus zero.
        balance_cents: kind === 'asset' || kind === 'expense' ? 0 - balance : balance,
        client_id: row.subscriber_id?.toString() ?? null,
        entries: Number(row.version),
      };
    },
  );
}
