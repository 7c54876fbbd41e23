import { listPackages } from '../plans';
import type { Context } from '../platform/context';
import { fieldsOf, formatCount, formErrors } from '../ui';
import type { Reader } from '../ui';
import { guessColumns, importFields, type ImportField } from './columns';
import type { StoredFile } from './store-file';

const SAMPLE_ROWS = 3;
const DELIMITERS: Record<string, string> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };

/** What the form says: each column, and the plan of rows that name none; undefined when it has not been filled in yet. */
export type ColumnValues = Record<string, string> | undefined;

export const chosenColumns = (file: StoredFile, values: ColumnValues): (ImportField | undefined)[] =>
  values === undefined
    ? guessColumns(file.table.head)
    : file.table.head.map((_head, at) => importFields.find((field) => field === values[`c${at}`]));

/** What stands in the way of planning with these columns, by field of the form. */
export function columnErrors(
  columns: (ImportField | undefined)[],
  plan: string,
  { t }: Reader,
): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const [at, field] of columns.entries()) {
    if (field && columns.indexOf(field) < at)
      errors[`c${at}`] = t('imports.twice', { field: t(`imports.field_${field}`) });
  }
  const has = (field: ImportField) => columns.includes(field);
  if (!has('name')) errors['c0'] ??= t('imports.no_name');
  if (!has('phone')) errors['c0'] ??= t('imports.no_phone');
  if (has('username') && !has('password')) errors['c0'] ??= t('imports.no_password');
  if (has('username') && !has('plan') && plan === '') errors['plan'] = t('imports.no_plan');
  return errors;
}

/** The page on which the columns of a file are named. */
export async function columnsModel(
  ctx: Context,
  file: StoredFile,
  values: ColumnValues,
  errors: Record<string, string>,
  reader: Reader,
) {
  const { t, locale } = reader;
  const chosen = chosenColumns(file, values);
  const plans = await listPackages(ctx, { limit: 200, before: undefined });
  const field = fieldsOf('imports', values ?? {}, errors, reader);
  const wanted = values?.['plan'] ?? '';
  return {
    title: t('imports.columns_title'),
    errors: formErrors(errors),
    action: `/imports/${file.id}`,
    about: t('imports.about_file', {
      name: file.name,
      rows: formatCount(file.rows, locale),
      encoding: file.encoding.toUpperCase(),
      delimiter: t(`imports.by_${DELIMITERS[file.delimiter] ?? 'other'}`),
    }),
    columns: file.table.head.map((head, at) => ({
      name: `c${at}`,
      label: head || t('imports.column', { number: at + 1 }),
      value: '',
      error: errors[`c${at}`],
      help: file.table.rows
        .slice(0, SAMPLE_ROWS)
        .map(({ cells }) => (chosen[at] === 'password' ? (cells[at] ? '••••' : '') : (cells[at] ?? '').slice(0, 40)))
        .filter((text) => text !== '')
        .join(' · '),
      options: [
        { value: '', label: t('imports.leave_out'), selected: chosen[at] === undefined },
        ...importFields.map((one) => ({ value: one, label: t(`imports.field_${one}`), selected: chosen[at] === one })),
      ],
    })),
    plan: field('plan', {
      options: [
        { value: '', label: t('imports.plan_none'), selected: wanted === '' },
        ...plans.items.map(({ id, name }) => ({ value: id, label: name, selected: id === wanted })),
      ],
      help: t('imports.plan_help'),
    }),
  };
}
