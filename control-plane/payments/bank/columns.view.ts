import type { StoredFile } from '../../imports';
import { fieldsOf, formatCount, type Reader } from '../../ui';
import type { Bank } from './banks';
import { bankFields, dateOrders, decimalMarks, guessColumns, sheetOf, type BankField } from './columns';
import type { Chosen } from './plan-statement';
import { guessReading } from './read-lines';

const SAMPLE_ROWS = 3;

/** How the file is read: as the form says; before it is filled in, as was said last for this bank, else as it looks. */
export function readingOf(file: StoredFile, { reading }: Bank, values?: Record<string, string>): Chosen {
  const sheet = sheetOf(file.table, reading.columns);
  const columns = values
    ? sheet.heads.map((_head, at) => bankFields.find((field) => field === values[`c${at}`]))
    : guessColumns(sheet.heads, reading.columns);
  const looks = guessReading(sheet, columns);
  return {
    columns,
    decimal: decimalMarks.find((mark) => mark === values?.['decimal']) ?? reading.decimal ?? looks.decimal,
    dates: dateOrders.find((order) => order === values?.['dates']) ?? reading.dates ?? looks.dates,
  };
}

/** What stands in the way of reading the file with these columns, by field of the form. */
export function columnErrors(columns: (BankField | undefined)[], { t }: Reader): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const [at, field] of columns.entries())
    if (field && columns.indexOf(field) < at)
      errors[`c${at}`] = t('payments.bank_twice', { field: t(`payments.bank_field_${field}`) });
  const has = (field: BankField) => columns.includes(field);
  if (!has('date')) errors['c0'] ??= t('payments.bank_no_date');
  if (!has('amount') && !has('in') && !has('out')) errors['c0'] ??= t('payments.bank_no_amount');
  if (has('amount') && (has('in') || has('out'))) errors['c0'] ??= t('payments.bank_both_amounts');
  return errors;
}

/** The page's model. */
export function columnsForm(
  { file, bank }: { file: StoredFile; bank: Bank },
  values: Record<string, string>,
  errors: Record<string, string>,
  reader: Reader,
) {
  const { t, locale } = reader;
  const typed = Object.keys(values).length > 0;
  const sheet = sheetOf(file.table, bank.reading.columns);
  const chosen = readingOf(file, bank, typed ? values : undefined);
  const field = fieldsOf('payments', values, errors, reader);
  return {
    title: t('payments.bank_columns'),
    action: `/payments/banks/files/${file.id}`,
    bank: bank.name,
    back: `/payments/banks/${bank.id}`,
    about: t('payments.bank_about_file', {
      name: file.name,
      rows: formatCount(sheet.rows.length, locale),
      encoding: file.encoding.toUpperCase(),
    }),
    remembered: !typed && bank.reading.columns !== undefined ? t('payments.bank_remembered') : '',
    columns: sheet.heads.map((head, at) => ({
      name: `c${at}`,
      label: head || t('payments.bank_column', { number: at + 1 }),
      value: '',
      error: errors[`c${at}`],
      help: sheet.rows
        .slice(0, SAMPLE_ROWS)
        .map(({ cells }) => (cells[at] ?? '').slice(0, 40))
        .filter((text) => text !== '')
        .join(' · '),
      options: [
        { value: '', label: t('payments.bank_leave_out'), selected: chosen.columns[at] === undefined },
        ...bankFields.map((one) => ({
          value: one,
          label: t(`payments.bank_field_${one}`),
          selected: chosen.columns[at] === one,
        })),
      ],
    })),
    decimal: field('decimal', {
      options: decimalMarks.map((mark) => ({
        value: mark,
        label: t(`payments.decimal_${mark}`),
        selected: chosen.decimal === mark,
      })),
    }),
    dates: field('dates', {
      options: dateOrders.map((order) => ({
        value: order,
        label: t(`payments.dates_${order}`),
        selected: chosen.dates === order,
      })),
    }),
  };
}
