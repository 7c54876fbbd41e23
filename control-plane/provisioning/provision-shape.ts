import { z } from 'zod';
import { stepNames } from './pieces';

const item = z.object({
  key: z.string(),
  step: z.enum(stepNames),
  menu: z.string(),
  /** by_hand: somebody changed a row of ours on the router. It is left unless `overwrite` names its key. */
  action: z.enum(['add', 'change', 'by_hand']),
  id: z.string().optional(),
  fields: z.array(z.object({ name: z.string(), from: z.string().nullable(), to: z.string() })),
});

/** A plan, or what was done of it, as the API tells it. Secrets are in none. */
export const provisioned = z.object({
  /** null: nothing was ever planned or done. */
  id: z.string().nullable(),
  dry_run: z.boolean(),
  state: z.enum(['never', 'running', 'done', 'failed']),
  fault: z.string().nullable(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
  items: z.array(item),
  done: z.array(z.object({ key: z.string(), refused: z.string().optional() })),
  left: z.array(item),
});
