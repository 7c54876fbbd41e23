import { z } from 'zod';
import { idField } from '../platform/http/input';

export const poolKinds = ['ipv4', 'ipv6', 'delegated', 'static'] as const;

export const newPool = z.object({
  /** As the router calls it. */
  name: z.string().regex(/^[\w.-]{1,64}$/, 'must have 1 to 64 letters, digits, dots, dashes or underscores'),
  kind: z.enum(poolKinds),
  /** 10.0.0.2-10.0.0.254, 10.0.0.0/24, or 2001:db8::/40; several parted by commas. */
  ranges: z.string().trim().min(1, 'is needed').max(4000),
  /** Of the IPv6 kinds: the length of what each customer gets. */
  each_length: z.int().min(1).max(128).optional(),
  /** None or an empty list: all routers. */
  router_ids: z.array(idField).max(500).nullable().optional(),
  alert_percent: z.int().min(1).max(100).optional(),
});
export type NewPool = z.output<typeof newPool>;

export const poolChange = newPool.extend({ version: z.int().min(1) });

export const poolAnswer = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(poolKinds),
  ranges: z.array(z.string()),
  size: z.int(),
  used: z.int(),
  /** The most that was in use at once in the last 30 days, and when; null before it was looked at. */
  peak: z.object({ used: z.int(), at: z.string() }).nullable(),
  alert_percent: z.int(),
  is_near_end: z.boolean(),
  routers: z.array(z.object({ id: z.string(), name: z.string() })),
  packages: z.array(z.object({ id: z.string(), name: z.string() })),
  version: z.int(),
});
export type Pool = z.output<typeof poolAnswer>;
