import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';

const text = (most: number) => z.string().trim().max(most).default('');
const PIN = /^[A-Z][0-9]{9}[A-Z]$/;
const pin = z
  .string()
  .trim()
  .toUpperCase()
  .default('')
  .refine((value) => value === '' || PIN.test(value));
const prefix = z
  .string()
  .trim()
  .regex(/^[A-Z0-9/-]{0,12}$/)
  .default('');

export const sellerForm = z.object({
  legal_name: text(120),
  seller_pin: pin,
  branch: z
    .string()
    .trim()
    .regex(/^\d{2}$/)
    .default('00'),
  address: text(300),
  phone: text(40),
  email: z.union([z.literal(''), z.email().max(200)]).default(''),
  invoice_prefix: prefix,
  credit_prefix: prefix,
  footer: text(300),
});
export type SellerForm = z.output<typeof sellerForm> & {
  /** Of what it was filled from; 0 before anything was said. */
  version: number;
};

export interface Seller {
  legal_name: string | null;
  pin: string | null;
  branch: string;
  address: string | null;
  phone: string | null;
  email: string | null;
  invoice_prefix: string;
  credit_prefix: string;
  footer: string | null;
  version: number;
}

const unset: Seller = {
  legal_name: null,
  pin: null,
  branch: '00',
  address: null,
  phone: null,
  email: null,
  invoice_prefix: 'INV-',
  credit_prefix: 'CN-',
  footer: null,
  version: 0,
};

/** The company as it stands on its invoices; version 0 before anything was said. */
export async function sellerOf(ctx: Context): Promise<Seller> {
  const [row] = await ctx.tx.$queryRaw<Seller[]>`
    SELECT legal_name, pin, branch, address, phone, email, invoice_prefix, credit_prefix, footer, version FROM invoice_seller WHERE tenant_id = ${ctx.tenantId}`;
  return row ?? unset;
}

/** Says how the company stands on invoices from now on. False when somebody else changed it since `version`. */
export async function saveSeller(ctx: Context, form: SellerForm): Promise<boolean> {
  const or = (value: string) => (value === '' ? null : value);
  const changed = await ctx.tx.$executeRaw`
    INSERT INTO invoice_seller AS s (tenant_id, legal_name, pin, branch, address, phone, email, invoice_prefix, credit_prefix, footer)
    SELECT ${ctx.tenantId}, ${or(form.legal_name)}, ${or(form.seller_pin)}, ${form.branch}, ${or(form.address)}, ${or(form.phone)}, ${or(form.email)},
           ${form.invoice_prefix}, ${form.credit_prefix}, ${or(form.footer)}
    ON CONFLICT (tenant_id) DO UPDATE SET legal_name = excluded.legal_name, pin = excluded.pin, branch = excluded.branch, address = excluded.address,
      phone = excluded.phone, email = excluded.email, invoice_prefix = excluded.invoice_prefix, credit_prefix = excluded.credit_prefix,
      footer = excluded.footer, version = s.version + 1, updated_at = lango_now()
    WHERE s.version = ${form.version}`;
  if (changed === 0) return false;
  const { version: _version, ...detail } = form;
  await recordAudit(ctx, 'invoices.settings', { type: 'tenant', id: ctx.tenantId }, detail);
  return true;
}

export const taxForm = z
  .object({
    tax: z.enum(['vat', 'excise']),
    rate_choice: z.enum(['law', 'own', 'off']),
    rate: z.string().trim().default(''),
    starts_on: z.iso.date(),
  })
  .superRefine((form, refuse) => {
    if (form.rate_choice === 'own' && !/^\d{1,2}(\.\d{1,2})?$/.test(form.rate))
      refuse.addIssue({ code: 'custom', path: ['rate'], message: 'is no rate' });
  });
export type TaxForm = z.output<typeof taxForm>;

export interface TaxRow {
  tax: 'vat' | 'excise';
  starts_on: Date;
  /** Hundredths of a percent; null is what the law says. */
  rate_bp: number | null;
  law_bp: number;
}

/** Which taxes the company charges, newest first. */
export function taxesOf(ctx: Context): Promise<TaxRow[]> {
  return ctx.tx.$queryRaw<TaxRow[]>`
    SELECT t.tax, t.starts_on, t.rate_bp,
      (SELECT l.rate_bp FROM invoice_tax_law l WHERE l.tax = t.tax AND l.starts_on <= lango_now()::date ORDER BY l.starts_on DESC LIMIT 1) AS law_bp
    FROM invoice_tax t WHERE t.tenant_id = ${ctx.tenantId} ORDER BY t.starts_on DESC, t.tax LIMIT 50`;
}

/** Charges a tax from a day on. False for a day that is over in the company's zone: what was sold then stays as it was taxed. */
export async function saveTax(ctx: Context, form: TaxForm): Promise<boolean> {
  const rate_bp =
    form.rate_choice === 'law' ? null : form.rate_choice === 'off' ? 0 : Math.round(Number(form.rate) * 100);
  const written = await ctx.tx.$executeRaw`
    INSERT INTO invoice_tax (tenant_id, tax, starts_on, rate_bp)
    SELECT n.id, ${form.tax}, ${form.starts_on}::date, ${rate_bp}::integer FROM tenant n
    WHERE n.id = ${ctx.tenantId} AND ${form.starts_on}::date >= (lango_now() AT TIME ZONE n.timezone)::date
    ON CONFLICT (tenant_id, tax, starts_on) DO UPDATE SET rate_bp = excluded.rate_bp`;
  if (written === 0) return false;
  const detail = { tax: form.tax, starts_on: form.starts_on, rate_bp: rate_bp ?? 'law' };
  await recordAudit(ctx, 'invoices.tax', { type: 'tenant', id: ctx.tenantId }, detail);
  return true;
}

export const buyerForm = z.object({
  buyer_name: z.string().trim().min(1).max(120),
  pin,
  address: text(300),
});

export interface Buyer {
  name: string;
  pin: string | null;
  address: string | null;
}

export async function buyerOf(ctx: Context, subscriberId: bigint): Promise<Buyer | undefined> {
  const [row] = await ctx.tx.$queryRaw<
    Buyer[]
  >`SELECT name, pin, address FROM invoice_buyer WHERE subscriber_id = ${subscriberId}`;
  return row;
}

/** Says how a customer stands on invoices from now on; undefined: by their customer record again. */
export async function saveBuyer(
  ctx: Context,
  subscriberId: bigint,
  form: z.output<typeof buyerForm> | undefined,
): Promise<void> {
  if (form)
    await ctx.tx.$executeRaw`
      INSERT INTO invoice_buyer (subscriber_id, tenant_id, name, pin, address)
      VALUES (${subscriberId}, ${ctx.tenantId}, ${form.buyer_name}, ${form.pin || null}, ${form.address || null})
      ON CONFLICT (subscriber_id) DO UPDATE SET name = excluded.name, pin = excluded.pin, address = excluded.address, updated_at = lango_now()`;
  else await ctx.tx.$executeRaw`DELETE FROM invoice_buyer WHERE subscriber_id = ${subscriberId}`;
  await recordAudit(ctx, 'invoices.buyer', { type: 'subscriber', id: subscriberId }, { set: form !== undefined });
}
