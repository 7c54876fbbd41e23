import type { Context } from '../platform/context';
import { formatDay, formatMoney, type fieldsOf, type Reader } from '../ui';
import { typed } from './forms';
import { dueDay, standing } from './list.view';
import { findAccount, openInvoices } from './queries';
import type { Account } from './schema';
import { settingOf, type Setting } from './settings';

interface Service {
  id: bigint;
  username: string;
  status: string;
  postpaid: boolean;
  plan: string;
  price_cents: bigint;
  currency: string;
}

/** One customer, as their page of bills is about them. */
export interface Billed {
  id: bigint;
  customer: { name: string; phone: string };
  /** Undefined until a service of theirs is billed after its month. */
  account: Account | undefined;
  /** Terms of a customer who has none of their own yet. */
  setting: Setting;
}

/** Undefined where there is no such customer. */
export async function findBilled(ctx: Context, id: bigint): Promise<Billed | undefined> {
  const customer = await ctx.tx.subscriber.findFirst({
    where: { id, deleted_at: null },
    select: { name: true, phone: true },
  });
  return customer ? { id, customer, account: await findAccount(ctx, id), setting: await settingOf(ctx) } : undefined;
}

/** What stands in the page's forms. */
export function customerValues({ account, setting }: Billed, reader: Reader): Record<string, string> {
  const terms = account ?? setting;
  return {
    billing_day: String(terms.billing_day),
    terms_days: String(terms.terms_days),
    credit_limit: typed(terms.credit_limit_cents),
    until: account?.promised_until ? lastDay(account.promised_until, reader) : '',
    note: account?.promise_note ?? '',
    reason: '',
  };
}

interface Asked {
  reader: Reader;
  may: ReadonlySet<string>;
  currency: string;
  /** Makes a field of one of the page's forms. */
  field: ReturnType<typeof fieldsOf>;
}

/** What one customer's page of bills shows. */
export async function customerModel(ctx: Context, billed: Billed, asked: Asked): Promise<Record<string, unknown>> {
  const { reader, may } = asked;
  const { t, locale } = reader;
  const { id, customer, account } = billed;
  const open = account ? await openInvoices(ctx, id) : [];
  return {
    title: t('postpaid.customer_title', { name: customer.name }),
    client: { name: customer.name, href: `/subscribers/${id}`, phone: customer.phone },
    href: `/postpaid/customers/${id}`,
    account: account && accountLines(account, reader),
    parked: account && parkedLines(account, reader),
    services: (await servicesOf(ctx, id)).map((one) => ({
      id: one.id.toString(),
      name: `${one.plan}, ${one.username}`,
      price: formatMoney(one.price_cents, one.currency, locale),
      postpaid: one.postpaid,
      mayTurn: may.has('postpaid.write') && (one.postpaid || ['pending', 'active'].includes(one.status)),
    })),
    open: open.map((one) => ({
      href: `/invoices/${one.id}`,
      name: one.number ?? t('invoices.number_soon'),
      due: dueDay(one.due_at, reader),
      late: Date.parse(one.due_at) <= reader.nowMs,
      amount: formatMoney(one.open_cents, one.currency, locale),
      of: one.open_cents < one.total_cents ? formatMoney(one.total_cents, one.currency, locale) : '',
    })),
    mayWrite: may.has('postpaid.write'),
    ...formsOf(open.length > 0, asked),
  };
}

/** The forms that a person may use. */
function formsOf(owes: boolean, { reader: { t }, may, currency, field }: Asked) {
  const count = (name: string, max: number) =>
    field(name, { mode: 'numeric', max, required: true, help: t(`postpaid.${name}_help`) });
  return {
    form: may.has('postpaid.write') && {
      billing_day: count('billing_day', 2),
      terms_days: count('terms_days', 3),
      credit_limit: field('credit_limit', { mode: 'decimal', unit: currency, help: t('postpaid.credit_limit_help') }),
    },
    promise: owes &&
      may.has('postpaid.promise') && {
        until: field('until', { type: 'date', help: t('postpaid.until_help') }),
        note: field('note', { max: 300 }),
      },
    writeOff: owes &&
      may.has('postpaid.write_off') && {
        reason: field('reason', { required: true, max: 300, help: t('postpaid.reason_help') }),
      },
  };
}

/** The day, as a form has it, that ends at a midnight. */
function lastDay(iso: string, { zone }: Reader): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' }).format(
    new Date(Date.parse(iso) - 60_000),
  );
}

function accountLines(account: Account, reader: Reader) {
  const { t } = reader;
  return {
    next:
      account.bill_at === null
        ? t('postpaid.nothing_runs')
        : formatDay(new Date(account.bill_at), reader, { dateStyle: 'medium' }),
    state: standing(account, reader),
    bad: account.cut_at !== null,
  };
}

function parkedLines(account: Account, { t, locale }: Reader) {
  if (account.parked_reason === null) return undefined;
  const { total_cents, usual_cents, currency } = account.parked_detail ?? {};
  const money = (cents: unknown) =>
    typeof cents === 'number' ? formatMoney(cents, typeof currency === 'string' ? currency : '', locale) : '–';
  return {
    why: t(`postpaid.parked_${account.parked_reason}`),
    figures: t('postpaid.parked_figures', { total: money(total_cents), usual: money(usual_cents) }),
  };
}

function servicesOf(ctx: Context, id: bigint): Promise<Service[]> {
  return ctx.tx.$queryRaw<Service[]>`
    SELECT s.id, s.username, s.status, s.postpaid_from IS NOT NULL AS postpaid, p.name AS plan, v.price_cents, v.currency
    FROM subscription s JOIN plan_version v ON v.id = s.plan_version_id JOIN plan p ON p.id = v.plan_id
    WHERE s.tenant_id = ${ctx.tenantId} AND s.subscriber_id = ${id} AND s.status <> 'ended' ORDER BY s.id LIMIT 100`;
}
