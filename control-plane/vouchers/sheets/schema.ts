import { z } from 'zod';
import { PAPERS } from '../schema';

/** http or https, with nothing behind the path: the code is added to it. */
export const loginAddress = z
  .url({ protocol: /^https?$/, error: 'must be an address, as http://hotspot.example/login' })
  .max(200)
  .regex(/^[^?#\s]*$/, 'must end with its path: what follows is added');

export const newSheet = z.object({
  paper: z.enum(PAPERS).default('a4'),
  /** Of the words on the slips; English unless named. */
  language: z.enum(['en', 'sw']).optional(),
  /** The hotspot's login page: scanning then logs in. Without it scanning gives the code. */
  login: loginAddress.optional(),
});
export type NewSheet = z.output<typeof newSheet>;

export const sheetAnswer = z.object({
  id: z.string(),
  batch_id: z.string(),
  paper: z.enum(PAPERS),
  language: z.enum(['en', 'sw']),
  login: z.string().nullable(),
  state: z.enum(['working', 'done', 'failed']),
  /** Codes on it, and how many are drawn. */
  total: z.int(),
  done: z.int(),
  created_at: z.string(),
  created_by: z.string(),
  finished_at: z.string().nullable(),
  /** Its files, in the order of the codes: `vouchers/sheets/:id/parts/:no.pdf`. */
  parts: z.array(z.object({ no: z.int(), codes: z.int(), bytes: z.int() })),
});
export type Sheet = z.output<typeof sheetAnswer>;
