import { isIP } from 'node:net';
import { z } from 'zod';

/** Addresses that a provider's calls are believed from; a list, or a text with commas as it comes from a form. */
export const sourcesField = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(/[\s,;]+/).filter(Boolean) : value),
  z
    .array(z.string().refine((text) => isIP(text) > 0, 'must be IP addresses'))
    .max(50)
    .optional(),
);
