import { z } from 'zod';
import type { Context } from '../../platform/context';
import { bytesFile, pageRoute, seeOther, view, type PageResult, type PageRoute } from '../../platform/http/page';
import type { Person } from '../../platform/http/person';
import { notFound } from '../../platform/http/problem';
import {
  fieldsOf,
  formatBytes,
  formatCount,
  formatMoment,
  formPages,
  outcomeBadge,
  readerFor,
  type Reader,
} from '../../ui';
import { batchOf } from '../queries';
import { PAPERS } from '../schema';
import { findPart, findSheet, lastLogin } from './queries';
import { loginAddress, type Sheet } from './schema';
import { startSheet } from './start-sheet';

const LANGUAGES = ['en', 'sw'] as const;

/** The form that asks for a sheet, as it stands on the page of a batch. */
export async function sheetForm(
  ctx: Context,
  person: Person,
  values: Record<string, string> = {},
  errors: Record<string, string> = {},
) {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const filled = { paper: 'a4', language: reader.locale, login: await lastLogin(ctx), ...values };
  const field = fieldsOf('vouchers', filled, errors, reader);
  const choice = (name: 'paper' | 'language', options: readonly string[]) =>
    field(name, {
      options: options.map((value) => ({
        value,
        label: name === 'paper' ? t(`vouchers.paper_${value}`) : t(`vouchers.language_${value}`),
        selected: value === filled[name],
      })),
    });
  return {
    paper: choice('paper', PAPERS),
    language: choice('language', LANGUAGES),
    login: field('login', { max: 200, autocomplete: 'off', help: t('vouchers.login_help') }),
  };
}

/** A sheet as a line: what it is, how far, and by whom. */
export function printSheet(sheet: Sheet, reader: Reader) {
  const { t, locale } = reader;
  const word = { working: 'waiting', done: 'done', failed: 'failed' } as const;
  return {
    href: `/vouchers/sheets/${sheet.id}`,
    paper: t(`vouchers.paper_${sheet.paper}`),
    codes: t('vouchers.sheet_codes', { count: sheet.total }),
    made: [formatMoment(new Date(sheet.created_at), reader), sheet.created_by].join(', '),
    outcome: outcomeBadge(word[sheet.state], reader),
    part: sheet.done / sheet.total,
    working: sheet.state === 'working',
    far: t('vouchers.sheet_far', { done: formatCount(sheet.done, locale), total: formatCount(sheet.total, locale) }),
  };
}

async function sheetPage(ctx: Context, person: Person, id: bigint): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const sheet = await findSheet(ctx, id);
  if (!sheet) throw notFound('That print sheet');
  return view('vouchers/sheet', {
    title: t('vouchers.sheet_of', { number: sheet.batch_id }),
    live: 'voucher',
    path: `/vouchers/sheets/${sheet.id}`,
    batchHref: `/vouchers/batches/${sheet.batch_id}`,
    sheet: printSheet(sheet, reader),
    login: sheet.login,
    parts: sheet.parts.map((part) => ({
      href: `/vouchers/sheets/${sheet.id}/parts/${part.no}`,
      name: t('vouchers.sheet_part', { no: part.no }),
      side: [t('vouchers.sheet_codes', { count: part.codes }), formatBytes(part.bytes, locale)].join(', '),
    })),
    failed: sheet.state === 'failed' ? t('vouchers.none_unused') : '',
  });
}

const form = z.object({
  paper: z.enum(PAPERS),
  language: z.enum(LANGUAGES),
  login: z.union([z.literal(''), loginAddress]),
});

export const sheetPages: PageRoute[] = [
  ...formPages({
    slice: 'vouchers',
    view: 'vouchers/print',
    post: '/vouchers/batches/:id/sheets',
    permission: 'vouchers.read',
    form,
    open: (call) => batchOf(call.ctx, call.params.id),
    draw: async ({ values, errors }, { ctx, person, t, about: batch }) => ({
      title: t('vouchers.batch_number', { number: batch.id }),
      path: `/vouchers/batches/${batch.id}`,
      print: await sheetForm(ctx, person, values, errors),
    }),
    async save({ login, ...rest }, { ctx, t, about: batch }) {
      const outcome = await startSheet(ctx, BigInt(batch.id), { ...rest, ...(login === '' ? {} : { login }) });
      if (outcome.kind === 'not_found') throw notFound('That voucher batch');
      if (outcome.kind === 'none_unused') return { kind: 'refused', title: t('vouchers.none_unused') };
      return seeOther(`/vouchers/sheets/${outcome.sheet.id}`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/vouchers/sheets/:id',
    permission: 'vouchers.read',
    run: (ctx, { params }, _web, person) => sheetPage(ctx, person, params.id),
  }),
  pageRoute({
    method: 'GET',
    path: '/vouchers/sheets/:id/parts/:no',
    permission: 'vouchers.read',
    async run(ctx, { params }) {
      const pdf = await findPart(ctx, params.id, params.no);
      if (!pdf) throw notFound('That file');
      return bytesFile(`vouchers-${params.id}-${params.no}.pdf`, 'application/pdf', pdf);
    },
  }),
];
