import { z } from 'zod';
import { cursorId, listQuery } from '../../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { listPages, oneOf } from '../../tables';
import { formatMoment, formatMoney, formErrors, formPages, readerFor, type Reader } from '../../ui';
import { lineColumns, receiptOf, statementColumns } from './match.view';
import { lineUses, nameLine, usesOf } from './name-line';
import { findLine, findStatement, listLines, listStatements, listUnheard, sumLines } from './queries';
import { LINES_MAX, takeStatement, type TakeOutcome } from './take-statement';

const FILE_MAX_BYTES = 10 * 1024 * 1024;
const UNHEARD_SHOWN = 100;

const statements = listPages({
  list: 'statements',
  path: '/payments/match',
  permission: 'payments.read',
  view: 'payments/match',
  query: listQuery,
  title: 'payments.match_title',
  foot: 'payments.foot',
  columns: statementColumns,
  scope: () => undefined,
  page: (ctx, _scope, { cursor, limit }) => listStatements(ctx, { limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('payments.match_empty') }),
  model: (_ctx, { person }) => ({ mayTake: person.actor.permissions.has('payments.write') }),
});

const lines = listPages({
  list: 'statement-lines',
  path: '/payments/match/:id',
  permission: 'payments.read',
  view: 'payments/statement',
  query: listQuery.extend({ show: oneOf(['all']), told: z.enum(['known']).optional() }),
  title: 'payments.match_lines_title',
  foot: 'payments.foot',
  columns: lineColumns,
  filters: (_ctx, { query, reader }) => [
    {
      name: 'show',
      label: reader.t('payments.match_show'),
      value: query.show ?? '',
      options: [{ value: 'all', label: reader.t('payments.match_show_all') }],
    },
  ],
  async scope(ctx, { params, query }) {
    const statement = await findStatement(ctx, params.id);
    if (!statement) throw notFound('That statement');
    return { statement, all: query.show === 'all' };
  },
  page: (ctx, { statement, all }, { cursor, limit }) =>
    listLines(ctx, statement.id, { all, limit, before: cursorId(cursor) }),
  empty: ({ reader }) => ({ text: reader.t('payments.match_all_good') }),
  async model(ctx, { query, reader }, { scope: { statement } }) {
    const { t, locale } = reader;
    const money = (cents: bigint) => formatMoney(cents, statement.currency, locale);
    const unheard = await listUnheard(ctx, statement.id);
    return {
      name: statement.name,
      about: t('payments.match_about', {
        by: statement.created_name,
        from: formatMoment(statement.from_at, reader),
        to: formatMoment(statement.to_at, reader),
      }),
      told: query.told && { text: t('payments.match_known') },
      known: statement.known_rows > 0 ? t('payments.match_known_lines', { count: statement.known_rows }) : '',
      sums: (await sumLines(ctx, statement.id)).map((row) => ({
        label: t(`payments.line_${row.kind}`),
        value: money(row.cents),
        more: row.to_do === 0 ? t('payments.match_explained') : t('payments.match_left', { count: row.to_do }),
      })),
      unheard: unheard.slice(0, UNHEARD_SHOWN).map((row) => ({
        href: row.id === null ? '' : `/payments/${row.id}`,
        name: row.receipt ?? t('payments.no_receipt_yet'),
        amount: money(row.amount_cents),
        at: formatMoment(row.at, reader),
      })),
    };
  },
});

function refusal(outcome: Exclude<TakeOutcome, { kind: 'done' | 'known' }>, { t }: Reader): string {
  switch (outcome.kind) {
    case 'empty':
      return t('payments.match_file_empty');
    case 'binary':
      return t('payments.match_file_binary');
    case 'no_head':
      return t('payments.match_file_no_head');
    case 'broken':
      return t('payments.match_file_broken', { line: outcome.line });
    case 'bad_line':
      return t(`payments.match_file_bad_${outcome.what}`, { line: outcome.line });
    case 'too_many':
      return t('payments.match_file_too_many', { most: LINES_MAX });
  }
}

const uploadPage = ({ t }: Reader, error?: string): PageResult =>
  view(
    'payments/match-file',
    {
      title: t('payments.match_take'),
      error,
      errors: error === undefined ? undefined : formErrors({ file: error }),
      help: t('payments.match_file_help'),
    },
    error === undefined ? {} : { status: 422 },
  );

/** One line, and what it is said to be. */
const linePages = formPages({
  slice: 'payments',
  view: 'payments/line',
  page: '/payments/lines/:id',
  post: '/payments/lines/:id',
  permission: 'payments.write',
  form: z.object({ use: z.enum(lineUses), note: z.string().trim().min(3).max(300) }),
  word: (_field, { t }) => t('payments.line_note_wanted'),
  async open({ ctx, params }) {
    const line = await findLine(ctx, params.id);
    if (!line) throw notFound('That line');
    return line;
  },
  values: (line) => ({ use: usesOf(line)[0] ?? '' }),
  draw({ values, field }, { reader, about: line }) {
    const { t, locale } = reader;
    return {
      title: formatMoney(line.amount_cents, line.currency, locale),
      back: `/payments/match/${line.statement_id}`,
      action: `/payments/lines/${line.id}`,
      open: usesOf(line).length > 0,
      facts: [
        { label: t('payments.reference'), value: receiptOf(line) },
        { label: t('payments.line'), value: t(`payments.line_${line.kind}`) },
        { label: t('payments.payer'), value: line.payer ?? '–' },
        { label: t('payments.line_details'), value: line.details ?? '–' },
        { label: t('payments.at'), value: formatMoment(line.at, reader) },
        ...(line.named === null ? [] : [{ label: line.named_by ?? '', value: line.named }]),
      ],
      use: field('use', {
        options: usesOf(line).map((value) => ({
          value,
          label: t(`payments.line_use_${value}`),
          selected: values['use'] === value,
        })),
      }),
      note: field('note', { required: true, max: 300 }),
    };
  },
  async save(value, { ctx, params, about: line, t }) {
    return (await nameLine(ctx, line.statement_id, params.id, value))
      ? seeOther(`/payments/match/${line.statement_id}`)
      : { kind: 'changed', title: t('payments.line_changed') };
  },
});

export const matchRoutes: PageRoute[] = [
  ...statements,
  pageRoute({
    method: 'GET',
    path: '/payments/match/new',
    permission: 'payments.write',
    run: (ctx, _input, _web, person) => Promise.resolve(uploadPage(readerFor(ctx, person))),
  }),
  pageRoute({
    method: 'POST',
    path: '/payments/match/new',
    permission: 'payments.write',
    upload: FILE_MAX_BYTES,
    async run(ctx, input, _web, person) {
      const reader = readerFor(ctx, person);
      if (!input.file) return uploadPage(reader, reader.t('payments.match_no_file'));
      const outcome = await takeStatement(ctx, input.file.name, input.file.bytes);
      if (outcome.kind === 'done') return seeOther(`/payments/match/${outcome.id}`);
      if (outcome.kind === 'known') return seeOther(`/payments/match/${outcome.id}?told=known`);
      return uploadPage(reader, refusal(outcome, reader));
    },
  }),
  ...lines,
  ...linePages,
];
