import { DateTime } from 'luxon';
import { z } from 'zod';
import { alphabet, batchMax, newBatch, type NewBatch } from './schema';

/** The form as it was typed, so that it can be shown again as it is. */
export const batchForm = z.record(z.string(), z.string().max(200));
export type BatchForm = z.output<typeof batchForm>;

/** What stands in a new form. */
export const USUAL: BatchForm = { count: '50', code_length: '8' };

export type BatchFormOutcome = { kind: 'read'; input: NewBatch } | { kind: 'wrong'; fields: string[] };

/** The batch that a form asks for, or the names of the fields that stand in the way. The last day is a whole day by the company's clock. */
export function readBatch(form: BatchForm, zone: string): BatchFormOutcome {
  const text = (name: string) => form[name]?.trim() ?? '';
  const number = (name: string) =>
    /^\d{1,6}$/.test(text(name).replace(/[\s,]/g, '')) ? Number(text(name).replace(/[\s,]/g, '')) : NaN;
  const day = text('valid_until') === '' ? null : DateTime.fromISO(text('valid_until'), { zone });
  const parsed = newBatch.safeParse({
    package_id: text('package_id'),
    count: number('count'),
    code_length: number('code_length'),
    prefix: text('prefix'),
    // What people type from paper has one: it costs them a key and tells them at once that they read wrong.
    with_check: true,
    valid_until: day === null ? null : day.plus({ days: 1 }).startOf('day').toUTC().toISO(),
  });
  const wrong = new Set(parsed.error?.issues.map((issue) => String(issue.path[0])));
  if (day !== null && !day.isValid) wrong.add('valid_until');
  return parsed.success && wrong.size === 0
    ? { kind: 'read', input: parsed.data }
    : { kind: 'wrong', fields: [...wrong] };
}

/** The shortest code with which so many vouchers cannot be guessed (create-batch.ts); what the form proposes when a length is refused. */
export function shortestLength(count: number): number {
  return Math.ceil(Math.log(Math.min(count, batchMax) * 1_000_000) / Math.log(alphabet.length));
}
