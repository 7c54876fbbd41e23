import { z } from 'zod';
import { idField } from '../platform/http/input';

/** What GET /access/explain takes. */
export const explainQuery = z.object({
  username: z.string().min(1, 'is required').max(253),
  mac: z.string().max(64).optional(),
  router_id: idField.optional(),
});

/** What it answers. `reason` is one of docs/reference/reasons.md; `sentence` also stands in Reply-Message. */
export const accessExplanation = z.object({
  decision: z.enum(['accept', 'garden', 'reject']),
  reason: z.string(),
  sentence: z.string(),
  explanation: z.string(),
  checks: z.array(z.object({ name: z.string(), pass: z.boolean(), detail: z.string(), remedy: z.string().optional() })),
  reply: z.array(z.object({ attribute: z.string(), value: z.string() })),
});
export type AccessExplanation = z.output<typeof accessExplanation>;
