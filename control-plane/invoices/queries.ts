import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Invoice, InvoiceLine, WholeInvoice } from './schema';

interface Row {
  id: bigint;
  kind: string;
  number_text: string | null;
  subscriber_id: bigint | null;
  client_name: string | null;
  subscription_id: bigint | null;
  currency: string;
  net_cents: bigint;
  excise_cents: bigint;
  vat_cents: bigint;
  total_cents: bigint;
  credited_cents: bigint;
  credits_invoice_id: bigint | null;
  reason: string | null;
  issued_at: Date;
  due_at: Date | null;
}

/** The part of a document that a list shows. */
const shown = Prisma.sql`
  i.id, i.kind, i.number_text, i.subscriber_id, c.name AS client_name, i.subscription_id, i.currency, i.net_cents, i.excise_cents, i.vat_cents, i.total_cents,
  coalesce((SELECT sum(n.total_cents) FROM invoice n WHERE n.credits_invoice_id = i.id), 0)::bigint AS credited_cents, i.credits_invoice_id, i.reason, i.issued_at, i.due_at`;

function toInvoice(row: Row): Invoice {
  return {
    id: row.id.toString(),
    kind: row.kind as Invoice['kind'],
    number: row.number_text,
    client_id: row.subscriber_id?.toString() ?? null,
    client_name: row.client_name,
    subscription_id: row.subscription_id?.toString() ?? null,
    currency: row.currency,
    net_cents: Number(row.net_cents),
    excise_cents: Number(row.excise_cents),
    vat_cents: Number(row.vat_cents),
    total_cents: Number(row.total_cents),
    credited_cents: Number(row.credited_cents),
    credits_invoice_id: row.credits_invoice_id?.toString() ?? null,
    reason: row.reason,
    issued_at: row.issued_at.toISOString(),
    due_at: row.due_at?.toISOString() ?? null,
  };
}

export interface InvoiceFilter {
  /** Start of a number, or a customer by name or phone. */
  q?: string | undefined;
  client_id?: bigint | undefined;
  subscription_id?: bigint | undefined;
  kind?: Invoice['kind'] | undefined;
  from?: Date | undefined;
  until?: Date | undefined;
  limit: number;
  before: bigint | undefined;
}

function conditions(ctx: Context, filter: InvoiceFilter): Prisma.Sql {
  const all = [Prisma.sql`i.tenant_id = ${ctx.tenantId}`];
  if (filter.client_id !== undefined) all.push(Prisma.sql`i.subscriber_id = ${filter.client_id}`);
  if (filter.subscription_id !== undefined) all.push(Prisma.sql`i.subscription_id = ${filter.subscription_id}`);
  if (filter.kind !== undefined) all.push(Prisma.sql`i.kind = ${filter.kind}`);
  if (filter.from !== undefined) all.push(Prisma.sql`i.issued_at >= ${filter.from}`);
  if (filter.until !== undefined) all.push(Prisma.sql`i.issued_at < ${filter.until}`);
  if (filter.before !== undefined) all.push(Prisma.sql`i.id < ${filter.before}`);
  // Both through functions that use an index: LIKE under row-level security reads the whole table.
  if (filter.q)
    all.push(Prisma.sql`(i.id IN (SELECT invoice_find(${filter.q}, 1000))
      OR i.subscriber_id IN (SELECT subscriber_page(jsonb_build_object('text', ${filter.q}::text), NULL, 1000)))`);
  return Prisma.join(all, ' AND ');
}

/** Invoices and credit notes, newest first. */
export async function listInvoices(ctx: Context, filter: InvoiceFilter): Promise<Page<Invoice>> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT ${shown} FROM invoice i LEFT JOIN subscriber c ON c.id = i.subscriber_id
    WHERE ${conditions(ctx, filter)} ORDER BY i.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(rows, filter.limit, (row) => row.id, toInvoice);
}

interface WholeRow extends Row {
  seller: WholeInvoice['seller'];
  buyer: WholeInvoice['buyer'];
  excise_bp: number;
  vat_bp: number;
  credits_number: string | null;
  control_unit: string | null;
  control_number: string | null;
  control_signature: string | null;
  control_at: Date | null;
  lines: InvoiceLine[];
}

/** One document with its lines, as it is printed. */
export async function findInvoice(ctx: Context, id: bigint): Promise<WholeInvoice | undefined> {
  const [row] = await ctx.tx.$queryRaw<WholeRow[]>`
    SELECT ${shown}, i.seller, i.buyer, i.excise_bp, i.vat_bp, o.number_text AS credits_number, i.control_unit, i.control_number, i.control_signature, i.control_at,
      (SELECT jsonb_agg(jsonb_build_object('kind', l.kind, 'description', l.description, 'quantity', l.quantity, 'unit_cents', l.unit_cents,
         'discount_cents', l.discount_cents, 'discount_name', l.discount_name, 'period_from', to_char(l.period_from AT TIME ZONE 'UTC', ${ISO}),
         'period_to', to_char(l.period_to AT TIME ZONE 'UTC', ${ISO}), 'tax_type', l.tax_type, 'net_cents', l.net_cents, 'excise_cents', l.excise_cents,
         'vat_cents', l.vat_cents, 'total_cents', l.total_cents) ORDER BY l.line_no) FROM invoice_line l WHERE l.invoice_id = i.id) AS lines
    FROM invoice i LEFT JOIN subscriber c ON c.id = i.subscriber_id LEFT JOIN invoice o ON o.id = i.credits_invoice_id
    WHERE i.tenant_id = ${ctx.tenantId} AND i.id = ${id}`;
  if (!row) return undefined;
  const { seller, buyer, excise_bp, vat_bp, credits_number, lines } = row;
  return {
    ...toInvoice(row),
    seller,
    buyer,
    excise_bp,
    vat_bp,
    credits_number,
    lines,
    control:
      row.control_unit === null
        ? null
        : {
            unit: row.control_unit,
            number: row.control_number,
            signature: row.control_signature,
            at: row.control_at?.toISOString() ?? null,
          },
  };
}

const ISO = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

/** The credit notes of an invoice, oldest first. */
export async function creditNotesOf(ctx: Context, id: bigint): Promise<Invoice[]> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT ${shown} FROM invoice i LEFT JOIN subscriber c ON c.id = i.subscriber_id
    WHERE i.tenant_id = ${ctx.tenantId} AND i.credits_invoice_id = ${id} ORDER BY i.id LIMIT 100`;
  return rows.map(toInvoice);
}
