import { z } from 'zod';
import { systemActor } from '../platform/context';
import { isUnavailable, sqlFault } from '../platform/db/faults';
import { idField } from '../platform/http/input';
import type { TaskTools } from '../platform/jobs/task';
import { bookMoney } from './book-money';
import { readPayer } from './msisdn';
import { noteFault } from './note-fault';
import { openAccount, providerOf } from './providers';

const payload = z.object({ tenant: idField, provider: z.string(), hours: z.number().min(1).max(48) });

/**
 * Reads a provider's own list of what was paid and books what is missing. Gives how many rows it held, undefined where it could not be read.
 * @throws at the first row for which the database is away: none of those after it could be booked either, and the queue tries the whole list again
 */
export async function readList(given: unknown, tools: TaskTools): Promise<number | undefined> {
  const { tenant, provider: name, hours } = payload.parse(given);
  const provider = providerOf(name);
  if (!provider?.list) return undefined;
  const opening = { tenantId: tenant, actor: systemActor('payments'), requestId: 'payments.list' };
  const found = await tools.db.inTenant(opening, async (ctx) => {
    const account = await openAccount(ctx, provider, tools.urls);
    return account && { account, now: ctx.now };
  });
  if (!found) return undefined;
  const from = new Date(found.now.getTime() - hours * 3_600_000);
  const listed = await provider.list(found.account, from, found.now);
  const told = (text: string | undefined) =>
    tools.db.inTenant(opening, (ctx) => noteFault(ctx, provider.name, 'list', text));
  if (listed.kind === 'silent') {
    await told(`The list of payments could not be read: ${listed.text}`);
    return undefined;
  }
  let failed = 0;
  for (const row of listed.rows) {
    if (row.receipt === '' || row.amount_cents <= 0n) continue;
    const { receipt, amount_cents, currency, payerName, billRef, at } = row;
    const payer = readPayer(row.payer);
    const money = { method: provider.name, receipt, amount_cents, currency, payer, payerName, billRef, at };
    // One that cannot be booked holds up none of those after it.
    await tools.db
      .inTenant(opening, (ctx) => bookMoney(ctx, money, 'list', true))
      .catch((error: unknown) => {
        if (isAway(error)) throw error;
        failed += 1;
        tools.log.error({ err: error, provider: name, receipt: receipt.slice(0, 100) }, 'a listed payment not booked');
      });
  }
  await told(failed > 0 ? `${failed} of the listed payments could not be booked; the log says why.` : undefined);
  await tools.db.inTenant(
    opening,
    (ctx) =>
      ctx.tx
        .$executeRaw`UPDATE payment_provider SET listed_at = lango_now() WHERE tenant_id = ${tenant} AND provider = ${name}`,
  );
  return listed.rows.length;
}

/** A statement of one row that takes too long is that row's fault. */
const isAway = (error: unknown): boolean => isUnavailable(error) && sqlFault(error)?.state !== '57014';
