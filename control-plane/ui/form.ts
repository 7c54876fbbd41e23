import { createHash } from 'node:crypto';
import type { Reader } from './reader';

/** What the `field` partial shows: an input, or a select when it has options. */
export interface FormField {
  name: string;
  label: string;
  value: string;
  error: string | undefined;
  required?: boolean;
  type?: 'text' | 'tel' | 'email' | 'password' | 'date' | 'datetime-local';
  mode?: 'decimal' | 'numeric' | 'tel';
  autocomplete?: string;
  max?: number;
  help?: string;
  unit?: string;
  /** Several lines of text. */
  lines?: number;
  options?: { value: string; label: string; selected: boolean }[];
}

/** Makes the fields of one form: the label is the word `<slice>.<name>`, value and error are what was typed and what was wrong with it. */
export function fieldsOf(
  slice: string,
  values: Record<string, string>,
  errors: Record<string, string>,
  { t }: Reader,
): (name: string, more?: Partial<FormField>) => FormField {
  return (name, more = {}) => ({
    name,
    label: t(`${slice}.${name}`),
    value: values[name] ?? '',
    error: errors[name],
    ...more,
  });
}

/** The error summary of a form: one line per field, in the order in which the schema found them. Undefined when there are none. */
export function formErrors(
  fields: Record<string, string>,
): { fields: { name: string; message: string }[] } | undefined {
  const list = Object.entries(fields).map(([name, message]) => ({ name, message }));
  return list.length > 0 ? { fields: list } : undefined;
}

/** What a form was filled from, as one short word that comes back with it: another one means that somebody has changed it meanwhile. */
export const seenOf = (...values: unknown[]): string =>
  createHash('sha256').update(values.map(String).join('\n')).digest('base64url').slice(0, 16);
