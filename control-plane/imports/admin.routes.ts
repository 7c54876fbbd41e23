import { z } from 'zod';
import { csvOf } from '../platform/csv';
import { mustHold } from '../bulk';
import { file, pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatCount, readerFor } from '../ui';
import type { Reader } from '../ui';
import { chosenColumns, columnErrors, columnsModel } from './admin.view';
import { importFields } from './columns';
import { planImport } from './plan-import';
import { ROWS_MAX } from './read-csv';
import { findFile, storeFile, type StoreOutcome } from './store-file';

/** The contract's limit of an upload. */
const FILE_MAX_BYTES = 50_000_000;

/** Why a file was not taken, in words. */
function refusal(outcome: Exclude<StoreOutcome, { kind: 'done' }>, { t, locale }: Reader): string {
  switch (outcome.kind) {
    case 'broken':
      return t('imports.broken', { line: outcome.line });
    case 'too_many':
      return t('imports.too_many', { rows: formatCount(outcome.rows, locale), most: formatCount(ROWS_MAX, locale) });
    case 'empty':
    case 'binary':
      return t(`imports.${outcome.kind}`);
  }
}

const uploadModel = ({ t, locale }: Reader, error?: string) => ({
  title: t('imports.title'),
  most: t('imports.most', { rows: formatCount(ROWS_MAX, locale), megabytes: FILE_MAX_BYTES / 1_000_000 }),
  error,
  errors: error === undefined ? undefined : { fields: [{ name: 'file', message: error }] },
});

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/imports/new',
    permission: 'imports.write',
    run: (ctx, _input, _web, person) => Promise.resolve(view('imports/new', uploadModel(readerFor(ctx, person)))),
  }),
  pageRoute({
    method: 'GET',
    path: '/imports/sample.csv',
    permission: 'imports.write',
    run: () =>
      Promise.resolve(
        file(
          'customers.csv',
          'text/csv',
          csvOf(
            [...importFields],
            [
              [
                'Wanjiru Kamau',
                '0712 345 678',
                'wanjiru@example.com',
                'wanjiru',
                'change-me',
                'Home 10',
                '',
                '',
                '2026-12-31',
              ],
              [
                'Abdi Noor',
                '+254 722 418 306',
                '',
                'abdi',
                'change-me-too',
                'Home 20',
                '10.20.4.7',
                '48:A9:8A:1C:77:E0',
                '',
              ],
            ],
          ),
        ),
      ),
  }),
  pageRoute({
    method: 'POST',
    path: '/imports',
    permission: 'imports.write',
    upload: FILE_MAX_BYTES,
    async run(ctx, input, _web, person) {
      const reader = readerFor(ctx, person);
      const again = (error: string) => view('imports/new', uploadModel(reader, error), { status: 422 });
      if (!input.file) return again(reader.t('imports.no_file'));
      const outcome = await storeFile(ctx, input.file.name, input.file.bytes, { slice: 'imports' });
      return outcome.kind === 'done' ? seeOther(`/imports/${outcome.id}`) : again(refusal(outcome, reader));
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/imports/:id',
    permission: 'imports.write',
    async run(ctx, { params }, _web, person) {
      const found = await findFile(ctx, params.id, 'imports');
      if (!found) throw notFound('That file');
      return view('imports/columns', await columnsModel(ctx, found, undefined, {}, readerFor(ctx, person)));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/imports/:id',
    permission: 'imports.write',
    form: z.record(z.string(), z.string().max(200)),
    async run(ctx, { params, form }, _web, person) {
      // Its rows sell services too.
      mustHold(ctx, 'subscriptions.write');
      const found = await findFile(ctx, params.id, 'imports');
      if (!found) throw notFound('That file');
      const reader = readerFor(ctx, person);
      const values = form.ok ? form.value : form.values;
      const columns = chosenColumns(found, values);
      const plan = values['plan'] ?? '';
      const errors = columnErrors(columns, plan, reader);
      if (Object.keys(errors).length > 0)
        return view('imports/columns', await columnsModel(ctx, found, values, errors, reader), { status: 422 });
      return seeOther(`/bulk/${await planImport(ctx, found, { columns, plan: plan || undefined })}`);
    },
  }),
];
