import type { Table } from '../../imports';

/** What a column of a bank's statement can be taken for. */
export const bankFields = ['date', 'amount', 'direction', 'in', 'out', 'reference', 'account', 'description'] as const;
export type BankField = (typeof bankFields)[number];
export const dateOrders = ['dmy', 'mdy', 'ymd'] as const;
export const decimalMarks = ['point', 'comma'] as const;

/** How a bank's files are read. */
export interface Reading {
  /** Heads without blanks, marks and case, and what each stands for. */
  columns: Record<string, BankField>;
  decimal: (typeof decimalMarks)[number];
  dates: (typeof dateOrders)[number];
}

/** Heads by which banks name them, in small letters and without blanks and marks. */
const heads: Record<BankField, string[]> = {
  date: [
    'date',
    'transactiondate',
    'trandate',
    'txndate',
    'bookingdate',
    'postingdate',
    'postdate',
    'valuedate',
    'tarehe',
  ],
  amount: ['amount', 'transactionamount', 'value', 'kiasi'],
  direction: ['drcr', 'crdr', 'debitcredit', 'creditdebit', 'dc', 'type', 'indicator'],
  in: ['credit', 'credits', 'creditamount', 'moneyin', 'paidin', 'deposit', 'deposits', 'cr', 'zilizoingia'],
  out: [
    'debit',
    'debits',
    'debitamount',
    'moneyout',
    'paidout',
    'withdrawal',
    'withdrawals',
    'withdrawn',
    'dr',
    'zilizotoka',
  ],
  reference: [
    'reference',
    'ref',
    'refno',
    'referenceno',
    'referencenumber',
    'transactionreference',
    'transactionid',
    'bankreference',
    'chequeno',
    'chequenumber',
    'kumbukumbu',
  ],
  account: [
    'customerreference',
    'accountreference',
    'billreference',
    'billref',
    'paymentreference',
    'customeraccount',
    'payeraccount',
    'akaunti',
  ],
  description: [
    'description',
    'details',
    'narration',
    'narrative',
    'particulars',
    'transactiondetails',
    'transactiondescription',
    'remarks',
    'maelezo',
  ],
};

/** A head as it is compared and remembered. */
export const bareHead = (head: string): string => head.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** The lines of a file below its heads; banks write some about the account above them. */
export interface Sheet {
  /** Which line of the file holds the heads, counted from 0. */
  top: number;
  heads: string[];
  rows: Table['rows'];
}

const HEAD_WITHIN = 40;

/** Where the heads stand: in the first line that names a date and an amount, else in the first. */
export function sheetOf(table: Table, known: Reading['columns'] = {}): Sheet {
  const all = [{ line: 1, cells: table.head }, ...table.rows];
  const names = (cells: string[]): boolean => {
    const found = new Set(guessColumns(cells, known));
    return found.has('date') && (found.has('amount') || found.has('in') || found.has('out'));
  };
  const at = all.slice(0, HEAD_WITHIN).findIndex(({ cells }) => names(cells));
  return sheetFrom(table, Math.max(0, at));
}

/** The lines below heads that were found before. */
export function sheetFrom(table: Table, top: number): Sheet {
  const all = [{ line: 1, cells: table.head }, ...table.rows];
  return { top, heads: all[top]?.cells ?? [], rows: all.slice(top + 1) };
}

/** For each column what it is: as it was said last for this bank, else what it is most likely; each field once. */
export function guessColumns(given: string[], known: Reading['columns'] = {}): (BankField | undefined)[] {
  const taken = new Set<BankField>();
  const take = (field: BankField | undefined): BankField | undefined => {
    if (field === undefined || taken.has(field)) return undefined;
    taken.add(field);
    return field;
  };
  const remembered = given.map((head) =>
    take(Object.hasOwn(known, bareHead(head)) ? known[bareHead(head)] : undefined),
  );
  // What somebody left out last time stays out: a file of the same heads is read the same.
  if (remembered.some((field) => field !== undefined)) return remembered;
  return given.map((head) => take(bankFields.find((field) => heads[field].includes(bareHead(head)))));
}
