import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';
import { readerOf } from '../ui';
import { invoicePdf } from './pdf';
import { findInvoice } from './queries';

/** A document as a file to send. Undefined while it has no number, which it gets within a second of being made. */
export async function invoiceFile(
  ctx: Context,
  id: bigint,
  locale: Locale,
): Promise<{ name: string; type: string; bytes: Buffer } | undefined> {
  const invoice = await findInvoice(ctx, id);
  if (!invoice || invoice.number === null) return undefined;
  const tenant = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId }, select: { timezone: true } });
  const reader = readerOf({ locale, zone: tenant.timezone, nowMs: ctx.now.getTime(), currency: invoice.currency });
  const bytes = await invoicePdf(invoice, reader);
  return { name: `${invoice.number.replaceAll('/', '-')}.pdf`, type: 'application/pdf', bytes };
}
