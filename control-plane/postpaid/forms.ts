import { z } from 'zod';
import { idField } from '../platform/http/input';
import { readDecimal } from '../ui';

const MOST = 1_000_000_000_000;

/** An amount as people type it; nothing typed is null. */
const money = z
  .string()
  .trim()
  .default('')
  .transform((text) => (text === '' ? null : (readDecimal(text, 2) ?? -1)))
  .pipe(z.int().min(1).max(MOST).nullable());
const number = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const terms = { billing_day: number(1, 28), terms_days: number(0, 120), credit_limit: money };

export const accountForm = z.object(terms);
export const serviceForm = z.object({ subscription: idField });
export const settingForm = z.object({
  ...terms,
  unusual_factor: number(2, 100),
  most: money,
  cut_after_days: z
    .string()
    .trim()
    .transform((text) => (text === '' ? null : Number(text)))
    .pipe(z.int().min(0).max(365).nullable()),
  cut_least: money,
});
export const promiseForm = z.object({
  until: z.union([z.literal(''), z.iso.date()]),
  note: z.string().trim().max(300).default(''),
});
export const writeOffForm = z.object({ reason: z.string().trim().min(3).max(300) });

/** Minor units as a form shows them. */
export const typed = (cents: number | null): string => (cents === null ? '' : (cents / 100).toString());
