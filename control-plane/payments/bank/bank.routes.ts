import { z } from 'zod';
import { findFile, storeFile, type StoredFile, type StoreOutcome } from '../../imports';
import type { Context } from '../../platform/context';
import { cursorId, listQuery } from '../../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { listPages } from '../../tables';
import { formatCount, formatMoment, formErrors, formPages, readerFor, type Column, type Reader } from '../../ui';
import { addBank, findBank, listBanks, type Bank, type ListedBank } from './banks';
import { columnsForm, columnErrors, readingOf } from './columns.view';
import { LINES_MAX } from '../match/take-statement';
import { choosePages } from './choose.pages';
import { planStatement } from './plan-statement';
import { findStatementOf } from './write-lines';

/** The contract's limit of an upload. */
const FILE_MAX_BYTES = 50_000_000;

const columns: Column<ListedBank>[] = [
  {
    key: 'name',
    label: 'payments.bank_name',
    isName: true,
    cell: (row) => ({ first: row.name, href: `/payments/banks/${row.id}`, second: row.currency }),
    csv: (row) => row.name,
  },
  {
    key: 'statements',
    label: 'payments.bank_statements',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({ first: formatCount(row.statements, locale) }),
    csv: (row) => row.statements,
  },
  {
    key: 'until',
    label: 'payments.bank_until',
    num: true,
    cell: (row, reader) => ({ first: row.until === null ? '–' : formatMoment(row.until, reader) }),
    csv: (row) => row.until?.toISOString() ?? '',
  },
];

const list = listPages({
  list: 'banks',
  path: '/payments/banks',
  permission: 'payments.write',
  view: 'payments/banks',
  query: listQuery,
  title: 'payments.banks',
  foot: 'payments.foot',
  columns,
  scope: () => undefined,
  page: (ctx, _scope, { cursor, limit }) => listBanks(ctx, { limit, before: cursorId(cursor) }),
  empty: ({ reader: { t } }) => ({
    text: t('payments.banks_empty'),
    href: '/payments/banks/new',
    step: t('payments.bank_new'),
  }),
});

const newBank = formPages({
  slice: 'payments',
  view: 'payments/bank-new',
  page: '/payments/banks/new',
  post: '/payments/banks',
  permission: 'payments.write',
  form: z.object({
    bank_name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^\P{Cc}*$/u),
    bank_currency: z
      .string()
      .trim()
      .toUpperCase()
      .regex(/^[A-Z]{3}$/),
  }),
  open: async ({ ctx }) => (await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } })).currency,
  values: (currency) => ({ bank_currency: currency }),
  draw: ({ field }, { t }) => ({
    title: t('payments.bank_new'),
    name: field('bank_name', { required: true, max: 100, help: t('payments.bank_name_help') }),
    currency: field('bank_currency', { required: true, max: 3 }),
  }),
  async save({ bank_name, bank_currency }, { ctx, t }) {
    const id = await addBank(ctx, { name: bank_name, currency: bank_currency });
    return id === undefined
      ? { kind: 'refused', errors: { bank_name: t('payments.bank_name_taken') } }
      : seeOther(`/payments/banks/${id}`);
  },
});

async function mustFind(ctx: Context, id: bigint): Promise<Bank> {
  const bank = await findBank(ctx, id);
  if (!bank) throw notFound('That account');
  return bank;
}

function refusal(outcome: Exclude<StoreOutcome, { kind: 'done' }>, { t, locale }: Reader): string {
  switch (outcome.kind) {
    case 'broken':
      return t('payments.match_file_broken', { line: outcome.line });
    case 'too_many':
      return t('payments.match_file_too_many', { most: formatCount(LINES_MAX, locale) });
    case 'empty':
      return t('payments.bank_file_empty');
    case 'binary':
      return t('payments.match_file_binary');
  }
}

function bankPage(bank: Bank, { t, locale }: Reader, error?: string): PageResult {
  return view(
    'payments/bank',
    {
      title: bank.name,
      id: bank.id.toString(),
      error,
      errors: error === undefined ? undefined : formErrors({ file: error }),
      help: t('payments.bank_file_help', {
        most: formatCount(LINES_MAX, locale),
        megabytes: FILE_MAX_BYTES / 1_000_000,
      }),
    },
    error === undefined ? {} : { status: 422 },
  );
}

const upload: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/payments/banks/:id',
    permission: 'payments.write',
    run: async (ctx, { params }, _web, person) => bankPage(await mustFind(ctx, params.id), readerFor(ctx, person)),
  }),
  pageRoute({
    method: 'POST',
    path: '/payments/banks/:id',
    permission: 'payments.write',
    upload: FILE_MAX_BYTES,
    async run(ctx, { params, file }, _web, person) {
      const bank = await mustFind(ctx, params.id);
      const reader = readerFor(ctx, person);
      if (!file) return bankPage(bank, reader, reader.t('payments.match_no_file'));
      const outcome = await storeFile(ctx, file.name, file.bytes, {
        slice: 'payments',
        subjectId: bank.id,
        most: LINES_MAX,
      });
      return outcome.kind === 'done'
        ? seeOther(`/payments/banks/files/${outcome.id}`)
        : bankPage(bank, reader, refusal(outcome, reader));
    },
  }),
];

/** From a run to what it has booked. */
const booked = pageRoute({
  method: 'GET',
  path: '/payments/banks/runs/:id/statement',
  permission: 'payments.read',
  async run(ctx, { params }) {
    const statement = await findStatementOf(ctx, params.id);
    if (statement === undefined) throw notFound('That statement');
    return seeOther(`/payments/match/${statement}?show=all`);
  },
});

/** The page on which the columns of a file are named. */
const naming = formPages({
  slice: 'payments',
  view: 'payments/bank-columns',
  page: '/payments/banks/files/:id',
  post: '/payments/banks/files/:id',
  permission: 'payments.write',
  form: z.record(z.string(), z.string().max(200)),
  async open({ ctx, params }): Promise<{ file: StoredFile; bank: Bank }> {
    const file = await findFile(ctx, params.id, 'payments');
    const bank = file && (await findBank(ctx, file.subject_id ?? 0n));
    if (!file || !bank) throw notFound('That file');
    return { file, bank };
  },
  draw: ({ values, errors }, { about, reader }) => columnsForm(about, values, errors, reader),
  async save(values, { ctx, about: { file, bank }, reader }) {
    const chosen = readingOf(file, bank, values);
    const errors = columnErrors(chosen.columns, reader);
    if (Object.keys(errors).length > 0) return { kind: 'refused', errors };
    const run = await planStatement(ctx, bank, file, chosen);
    return run === undefined ? { kind: 'refused', title: reader.t('payments.bank_no_line') } : seeOther(`/bulk/${run}`);
  },
});

/** Accounts at banks, and their statements as files: brought, read, shown line by line, and then done by a run. */
export const bankRoutes: PageRoute[] = [...list, ...newBank, ...naming, ...choosePages, ...upload, booked];
