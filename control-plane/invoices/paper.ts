import type { Locale } from '../platform/i18n';
import type { Reader } from '../ui';
import type { WholeInvoice } from './schema';

/** What the page, its print and the PDF of a document have in common. */

/** Minor units with both decimals, as papers show them: 250000 → "2,500.00". */
export function exactAmount(cents: number, locale: Locale): string {
  const tag = locale === 'sw' ? 'sw-KE' : 'en-KE';
  return (cents / 100).toLocaleString(tag, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** It is a tax invoice where the seller has a PIN and charges VAT. */
export function titleOf(invoice: WholeInvoice, { t }: Reader): string {
  if (invoice.kind === 'credit_note') return t('invoices.kind_credit_note');
  return invoice.seller.pin !== undefined && invoice.vat_bp > 0
    ? t('invoices.tax_invoice')
    : t('invoices.kind_invoice');
}

/** What stands below a name. */
export function partyLines(party: Partial<WholeInvoice['seller']> | undefined, { t }: Reader): string[] {
  if (!party) return [];
  const { address, phone, email, pin } = party;
  const reach = [phone, email].filter(Boolean).join(' · ');
  return [...(address?.split('\n') ?? []), reach, pin ? `${t('invoices.pin')} ${pin}` : ''].filter(
    (line) => line !== '',
  );
}

export interface Total {
  label: string;
  cents: number;
  strong: boolean;
}

/** Net, the taxes that there are, and the total. */
export function totalsOf(invoice: WholeInvoice, { t }: Reader): Total[] {
  const rate = (bp: number) => String(bp / 100);
  const { excise_cents, vat_cents, net_cents, total_cents, excise_bp, vat_bp, currency } = invoice;
  const taxes = [
    { label: t('invoices.excise', { rate: rate(excise_bp) }), cents: excise_cents, strong: false },
    { label: t('invoices.vat', { rate: rate(vat_bp) }), cents: vat_cents, strong: false },
  ].filter((tax) => tax.cents > 0);
  const total = { label: t('invoices.total', { currency }), cents: total_cents, strong: true };
  return taxes.length === 0
    ? [total]
    : [{ label: t('invoices.net'), cents: net_cents, strong: false }, ...taxes, total];
}
