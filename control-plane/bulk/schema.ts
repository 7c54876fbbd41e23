import { z } from 'zod';
import { idField } from '../platform/http/input';
import { subscriptionStates } from '../subscriptions';
import { runStates } from './run';

export const bulkActions = ['extend', 'suspend', 'resume', 'change_plan', 'message'] as const;
/** An SMS of three parts, where every letter counts. */
export const TEXT_MAX = 450;
export type BulkAction = (typeof bulkActions)[number];

const ids = z.array(idField).min(1).max(10_000);

/** Which services: by themselves, by their clients, or by a filter; what a filter leaves out matches all. */
export const bulkFilter = z.object({
  q: z.string().trim().max(200).optional(),
  state: z.enum(subscriptionStates).optional(),
  package_id: idField.optional(),
  /** Of the client, as in the console's list: online now, whose service ends or ended, who joined; days of the company. */
  online: z.boolean().optional(),
  expires: z.enum(['today', 'three_days', 'week', 'month', 'gone_week']).optional(),
  joined: z.enum(['today', 'week', 'month']).optional(),
  /** Online at this router in the last so many hours (24 if left out): those whom its outage met. */
  router_id: idField.optional(),
  hours: z.int().min(1).max(720).optional(),
});
export type BulkFilter = z.output<typeof bulkFilter>;

export const newBulk = z
  .object({
    action: z.enum(bulkActions),
    days: z.int().min(1).max(3660).optional(),
    reason: z
      .string()
      .trim()
      .min(1, 'is needed')
      .max(200)
      .regex(/^\P{Cc}*$/u, 'must not contain control characters')
      .optional(),
    /** What is said to each, by `message`. */
    text: z.string().trim().min(1, 'is needed').max(TEXT_MAX).optional(),
    package_id: idField.optional(),
    when: z.enum(['now', 'renewal']).optional(),
    subscription_ids: ids.optional(),
    client_ids: ids.optional(),
    filter: bulkFilter.optional(),
  })
  .superRefine((input, check) => {
    const need = (field: 'days' | 'reason' | 'package_id' | 'when' | 'text') => {
      if (input[field] === undefined) check.addIssue({ code: 'custom', path: [field], message: 'is needed' });
    };
    if (input.action === 'extend') need('days');
    if (input.action === 'suspend') need('reason');
    if (input.action === 'message') need('text');
    if (input.action === 'change_plan') ['package_id' as const, 'when' as const].forEach(need);
    if ([input.subscription_ids, input.client_ids, input.filter].filter((way) => way !== undefined).length !== 1)
      check.addIssue({
        code: 'custom',
        path: ['filter'],
        message: 'choose in one way: subscription_ids, client_ids or filter',
      });
  });
export type NewBulk = z.output<typeof newBulk>;

/** A run as the API shows it. */
export const runAnswer = z.object({
  id: z.string(),
  action: z.string(),
  state: z.enum(runStates),
  params: z.record(z.string(), z.unknown()),
  total: z.int(),
  planned: z.int(),
  done: z.int(),
  refused: z.int(),
  undone: z.int(),
  kept: z.int(),
  /** Why rows will not be worked on, or were not: a code and how many. */
  notes: z.record(z.string(), z.int()),
  online: z.int(),
  created_by: z.string(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  finished_at: z.string().nullable(),
});
export type RunAnswer = z.output<typeof runAnswer>;

export const rowAnswer = z.object({
  seq: z.int(),
  label: z.string(),
  client_id: z.string().nullable(),
  subscription_id: z.string().nullable(),
  fate: z.enum(['will', 'wont']),
  outcome: z.enum(['done', 'refused', 'undone', 'kept']).nullable(),
  note: z.string().nullable(),
});
export type RowAnswer = z.output<typeof rowAnswer>;
