import type { Context } from '../platform/context';
import { fieldsOf, formatDay, formatMoney, type Reader } from '../ui';
import { typed } from './forms';
import { dueDay, standing } from './list.view';
import { findAccount, openInvoices } from './queries';
import type { Account } from './schema';
import { settingOf, type Setting } from './settings';

export interface Refused {
  /** Which of the page's forms. */
  form: 'account' | 'promise' | 'write_off';
  values: Record<string, string>;
  errors: Record<string, string>;
}

interface Service {
  id: bigint;
  username: string;
  status: string;
  postpaid: boolean;
  plan: string;
  price_cents: bigint;
  currency: string;
}

/** What one customer's page of bills shows; undefined where there is no such customer. */
export async function customerModel(
  ctx: Context,
  id: bigint,
  {
    reader,
    may,
    currency,
    refused,
  }: { reader: Reader; may: ReadonlySet<string>; currency: string; refused: Refused | undefined },
): Promise<Record<string, unknown> | undefined> {
  const { t, locale } = reader;
  const customer = await ctx.tx.subscriber.findFirst({
    where: { id, deleted_at: null },
    select: { name: true, phone: true },
  });
  if (!customer) return undefined;
  const account = await findAccount(ctx, id);
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
    ...formsOf(account, open.length > 0, { reader, may, currency, refused, setting: await settingOf(ctx) }),
  };
}

interface FormsAsked {
  reader: Reader;
  may: ReadonlySet<string>;
  currency: string;
  refused: Refused | undefined;
  setting: Setting;
}

/** The forms that a person may use, each with what was typed where it was refused. */
function formsOf(account: Account | undefined, owes: boolean, { reader, may, currency, refused, setting }: FormsAsked) {
  const { t } = reader;
  const field = (form: Refused['form'], known: Record<string, string>) => {
    const mine = refused?.form === form ? refused : undefined;
    return fieldsOf('postpaid', { ...known, ...mine?.values }, mine?.errors ?? {}, reader);
  };
  const terms = account ?? setting;
  const billed = field('account', {
    billing_day: String(terms.billing_day),
    terms_days: String(terms.terms_days),
    credit_limit: typed(terms.credit_limit_cents),
  });
  const until = account?.promised_until ? lastDay(account.promised_until, reader) : '';
  const promise = field('promise', { until, note: account?.promise_note ?? '' });
  const count = (name: string, max: number) =>
    billed(name, { mode: 'numeric', max, required: true, help: t(`postpaid.${name}_help`) });
  return {
    form: may.has('postpaid.write') && {
      billing_day: count('billing_day', 2),
      terms_days: count('terms_days', 3),
      credit_limit: billed('credit_limit', { mode: 'decimal', unit: currency, help: t('postpaid.credit_limit_help') }),
    },
    promise: owes &&
      may.has('postpaid.promise') && {
        until: promise('until', { type: 'date', help: t('postpaid.until_help') }),
        note: promise('note', { max: 300 }),
      },
    writeOff: owes &&
      may.has('postpaid.write_off') && {
        reason: field('write_off', {})('reason', { required: true, max: 300, help: t('postpaid.reason_help') }),
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
