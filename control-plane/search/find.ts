import type { Context } from '../platform/context';
import type { Permission } from '../platform/permissions';
import { readTyped } from '../subscribers';

export const KINDS = ['subscribers', 'services', 'sessions', 'payments', 'invoices', 'vouchers', 'routers'] as const;
export type Kind = (typeof KINDS)[number];

/** One thing that was found. `code` is what it is known by: a phone, login, device, receipt, voucher or address. */
export interface Found {
  kind: Kind;
  /** 0 exactly what was typed, 1 begins with it, 2 holds it. */
  rank: number;
  id: bigint;
  subscriber_id: bigint | null;
  subscription_id: bigint | null;
  name: string;
  code: string;
  state: string | null;
  at: Date | null;
  cents: bigint | null;
}

const needs: Record<(typeof ASKED)[number], Permission> = {
  subscribers: 'subscribers.read',
  sessions: 'sessions.read',
  payments: 'payments.read',
  invoices: 'invoices.read',
  vouchers: 'vouchers.read',
  routers: 'routers.read',
};
/** Services come with their people. */
const ASKED = ['subscribers', 'sessions', 'payments', 'invoices', 'vouchers', 'routers'] as const;

/**
 * Everything that `typed` may mean among the kinds that this person may read: `limit` of each kind, exact ones first. Under two letters nothing is found.
 * One statement; measured in docs/reference/performance.md.
 */
export async function find(
  ctx: Context,
  typed: string,
  permissions: ReadonlySet<Permission>,
  limit: number,
): Promise<Found[]> {
  const { text, code, phone, mac, ip } = readTyped(typed);
  const kinds = ASKED.filter((kind) => permissions.has(needs[kind]));
  if (text === '' || kinds.length === 0) return [];
  return ctx.tx.$queryRaw<Found[]>`
    SELECT * FROM search_find(${text}, ${code}, ${phone}, ${mac}, ${ip}::inet, ${kinds}::text[], ${limit}::integer)`;
}
