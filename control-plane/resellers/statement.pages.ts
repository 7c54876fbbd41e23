import { DateTime } from 'luxon';
import { z } from 'zod';
import type { Context } from '../platform/context';
import { csvOf } from '../platform/csv';
import { bytesFile, file, view, type PageResult } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { recordAudit } from '../audit';
import { fieldsOf, formErrors, formatMoment, formatMoney, readerFor, type Reader } from '../ui';
import { kindWord } from './admin.view';
import { LINES_MAX, statementOf, type Statement } from './statement';
import { statementPdf } from './statement-pdf';

const dayText = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/)
  .optional()
  .catch(undefined);
export const periodQuery = z.object({ from: dayText, to: dayText });
type PeriodQuery = z.output<typeof periodQuery>;

/** Whole days by the company's clock, both included; the running month unless others are named. */
function periodOf(ctx: Context, person: Person, query: PeriodQuery) {
  const zone = person.tenant.timezone;
  const now = DateTime.fromJSDate(ctx.now, { zone });
  const read = (text: string | undefined, otherwise: DateTime) => {
    const at = text === undefined ? otherwise : DateTime.fromISO(text, { zone });
    return at.isValid ? at.startOf('day') : otherwise;
  };
  const from = read(query.from, now.startOf('month'));
  const last = read(query.to, now.startOf('day'));
  const to = last < from ? from : last;
  return {
    from: from.toJSDate(),
    to: to.plus({ days: 1 }).toJSDate(),
    days: { from: from.toISODate() ?? '', to: to.toISODate() ?? '' },
  };
}

/** The statement of a reseller as a page; `base` is where it stands. */
export async function statementPage(
  ctx: Context,
  person: Person,
  id: bigint,
  query: PeriodQuery,
  base: string,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const period = periodOf(ctx, person, query);
  const outcome = await statementOf(ctx, id, period);
  if (outcome.kind === 'not_found') throw notFound('That reseller');
  const field = fieldsOf('resellers', period.days, {}, reader);
  const frame = {
    title: t('resellers.statement'),
    base,
    path: `${base}/statement`,
    from: field('from', { type: 'date' }),
    to: field('to', { type: 'date' }),
    period: new URLSearchParams(period.days).toString(),
  };
  if (outcome.kind === 'too_long')
    return view(
      'resellers/statement',
      { ...frame, errors: formErrors({ from: t('resellers.too_long', { count: outcome.lines, most: LINES_MAX }) }) },
      { status: 422 },
    );
  const { statement, reseller } = outcome;
  const money = (cents: number) => formatMoney(cents, statement.currency, locale);
  return view('resellers/statement', {
    ...frame,
    name: reseller.name,
    sides: (['float', 'commission'] as const).map((account) => ({
      label: t(`resellers.${account}`),
      opening: t('resellers.opening', { amount: money(statement[account].opening_cents) }),
      closing: money(statement[account].closing_cents),
    })),
    lines: statement.lines.map((line) => ({
      at: formatMoment(new Date(line.at), reader),
      what: kindWord(line, reader),
      about: line.about,
      account: t(`resellers.${line.account}`),
      amount: money(line.amount_cents),
      balance: money(line.balance_cents),
      href: line.payment_id === null ? '' : `/payments/${line.payment_id}`,
    })),
    empty: { text: t('resellers.statement_empty') },
  });
}

async function whole(ctx: Context, person: Person, id: bigint, query: PeriodQuery) {
  const period = periodOf(ctx, person, query);
  const outcome = await statementOf(ctx, id, period);
  if (outcome.kind !== 'done') throw notFound('A statement of so long a period');
  return {
    ...outcome,
    name: `statement-${outcome.reseller.id}-${period.days.from}-${period.days.to}`,
    days: period.days,
  };
}

/** The same as CSV: amounts in the currency's larger unit. */
export async function statementCsv(ctx: Context, person: Person, id: bigint, query: PeriodQuery): Promise<PageResult> {
  const { statement, name, days } = await whole(ctx, person, id, query);
  await recordAudit(ctx, 'resellers.export', { type: 'reseller', id }, days);
  return file(`${name}.csv`, 'text/csv', csvOf(...tableOf(statement, readerFor(ctx, person))));
}

function tableOf(statement: Statement, reader: Reader): [string[], (string | null)[][]] {
  const { t } = reader;
  const major = (cents: number) => (cents / 100).toFixed(2);
  const head = ['at', 'account', 'what', 'about', 'amount', 'balance'].map((key) => t(`resellers.csv_${key}`));
  return [
    head,
    statement.lines.map((line) => [
      line.at,
      t(`resellers.${line.account}`),
      kindWord(line, reader),
      line.about,
      major(line.amount_cents),
      major(line.balance_cents),
    ]),
  ];
}

/** The same as a PDF under the company's name. */
export async function statementFile(ctx: Context, person: Person, id: bigint, query: PeriodQuery): Promise<PageResult> {
  const { statement, name } = await whole(ctx, person, id, query);
  const pdf = await statementPdf(statement, person.tenant.name, readerFor(ctx, person));
  return bytesFile(`${name}.pdf`, 'application/pdf', pdf);
}
