import type { Told } from '../provider';

/** Codes that were seen to mean: certainly not paid, for now. A later success still counts. Any other is not known, and asked about again. */
const FAILED = new Set([
  '1',
  '2',
  '3',
  '4',
  '8',
  '11',
  '17',
  '26',
  '1001',
  '1019',
  '1025',
  '1031',
  '1032',
  '1037',
  '2001',
  '2006',
  '2028',
  '8006',
  '9999',
  'SFC_IC0003',
  'E3008',
]);
/** After these a phone may still answer: it is worth asking again. */
const MAY_YET = new Set(['17', '26', '1001', '1019', '1025', '1037', '9999']);

/** What a result code of a callback or a query means; codes are data and come as numbers or texts. */
export function readOutcome(code: string, text: string): Exclude<Told, { kind: 'paid' }> | { kind: 'paid' } {
  if (code === '0') return { kind: 'paid' };
  // Two shapes of the same: read the words before the number.
  if (code === '4999' || /being processed|under processing/i.test(text)) return { kind: 'pending' };
  if (FAILED.has(code)) return { kind: 'failed', code, text };
  return { kind: 'unknown', code, text };
}

export const mayYetSucceed = (code: string): boolean => MAY_YET.has(code);
