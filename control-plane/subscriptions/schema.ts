import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { idField } from '../platform/http/input';
import { validityUnits } from './add-validity';
import { settlements } from './settlements';
import { subscriptionStates } from './states';

const utf8Within = (limit: number) => (text: string) => Buffer.byteLength(text) <= limit;
/** \p{Cc} control characters, \p{Cs} halves of a character: neither survives the way through RADIUS and a database. */
const printable = /^[^\p{Cc}\p{Cs}]*$/u;

/** RADIUS carries 253 bytes; quotes, plus signs and blanks inside are good names, blanks at the ends are typing errors. */
const username = z
  .string()
  .min(1, 'is needed')
  .max(128)
  .refine(utf8Within(253), 'must fit in 253 bytes')
  .regex(printable, 'must not contain control characters or broken text')
  .refine((text) => text === text.trim(), 'must not begin or end with a blank');

/**
 * A PAP password is at most 128 bytes (RFC 2865, section 5.2). MS-CHAP hashes it as UCS-2 (RFC 2433), which has no characters
 * above U+FFFF: FreeRADIUS refuses every MS-CHAP login with such a password.
 */
const password = z
  .string()
  .min(1, 'is needed')
  .refine(utf8Within(128), 'must fit in 128 bytes')
  .regex(printable, 'must not contain control characters or broken text')
  .regex(/^[\0-\uffff]*$/u, 'must not contain emoji or other characters above U+FFFF, which MS-CHAP cannot carry');

const staticIp = z
  .string()
  .trim()
  .refine(
    (text) => isIPv4(text) && !/^(0|127|22[4-9]|2[3-5]\d)\./.test(text),
    'must be an IPv4 address that a device can have',
  );

/** As people write them: AA:BB:CC:DD:EE:FF, with dashes, Cisco's three groups, or twelve digits. */
export const macLock = z
  .string()
  .trim()
  .regex(
    /^(([0-9a-f]{2}[:-]){5}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12})$/i,
    'must be a MAC address, as AA:BB:CC:DD:EE:FF',
  )
  .transform((text) => (text.toUpperCase().match(/[0-9A-F]{2}/g) ?? []).join(':'));

/** RFC 2865 section 5.22 as RouterOS reads it: network, gateway (0.0.0.0 is the customer's device), metric. */
const route = z
  .string()
  .trim()
  .refine((text) => {
    const [, net = '', length = '', gateway = '0.0.0.0', metric = '1'] =
      /^(\S+)\/(\d{1,2})(?: +(\S+))?(?: +(\d{1,3}))?$/.exec(text) ?? [];
    return isIPv4(net) && Number(length) <= 32 && isIPv4(gateway) && Number(metric) <= 255;
  }, 'must be network/length, and if need be gateway and metric, as 192.0.2.0/29 0.0.0.0 1');

const ipv6Prefix = (longest: number) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .refine((text) => {
      const [, net = '', length = ''] = /^(\S+)\/(\d{1,3})$/.exec(text) ?? [];
      return (
        isIPv6(net) &&
        !net.includes('.') &&
        Number(length) >= 8 &&
        Number(length) <= longest &&
        hostBitsClear(net, Number(length))
      );
    }, `must be an IPv6 prefix of 8 to ${longest} bits with nothing behind them, as 2001:db8:4::/48`);

/** Whether nothing is set behind a prefix's length: Postgres and routers refuse such prefixes. */
function hostBitsClear(net: string, length: number): boolean {
  const [head = '', tail = ''] = net.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = net.includes('::')
    ? [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)]
    : groups(head);
  const bits = all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
  return !bits.slice(length).includes('1');
}

const terms = z.object({
  package_id: idField,
  username,
  password,
  static_ip: staticIp.nullable().optional(),
  /** `learn`: locked to the first device that comes online, and again after each time it is asked for. */
  mac_lock: z
    .union([z.literal('learn'), macLock])
    .nullable()
    .optional(),
  routes: z.array(route).max(16).optional(),
  framed_ipv6_prefix: ipv6Prefix(64).nullable().optional(),
  delegated_ipv6_prefix: ipv6Prefix(64).nullable().optional(),
});

export const newSubscription = terms.extend({ client_id: idField });
export type NewSubscription = z.output<typeof newSubscription>;
/** The same under /clients/:id, where the client is in the path. */
export const newSubscriptionOfClient = terms;

export const subscriptionPatch = terms.omit({ package_id: true }).partial().extend({
  /** Buys the next validity from the wallet shortly before the end, while the wallet holds the price. */
  auto_renew: z.boolean().optional(),
  version: z.int().optional(),
});
export type SubscriptionPatch = z.output<typeof subscriptionPatch>;

export const extendInput = z.object({ count: z.int().min(1).max(100_000), unit: z.enum(validityUnits) });
export const suspendInput = z.object({
  reason: z.string().trim().min(1, 'is needed').max(200).regex(printable, 'must not contain control characters'),
});
const moment = z.iso
  .datetime({ offset: true, error: 'must be a time, as 2026-11-21T00:00:00Z' })
  .transform((text) => new Date(text));

/** `settle` and `as_of` matter for `now`: what becomes of what is left, and the moment whose figures were shown (its preview's `as_of`). */
export const changePlanInput = z.object({
  package_id: idField,
  when: z.enum(['now', 'renewal']),
  settle: z.enum(settlements).optional(),
  as_of: moment.optional(),
});
/** `wallet` takes the price from the client's wallet; `nothing` gives the validity. */
export const renewInput = z.object({ pay: z.enum(['nothing', 'wallet']).default('nothing') });
export const planChangeQuery = z.object({ package_id: idField.optional() });
/** What a change of plan would come to. Null figures: there is nothing left to weigh. */
export const planChangeAnswer = z.object({
  package_id: z.string(),
  package_name: z.string(),
  as_of: z.string(),
  currency: z.string(),
  price_cents: z.int(),
  down_kbps: z.int(),
  up_kbps: z.int(),
  quota_bytes: z.int().nullable(),
  expires_at: z.string().nullable(),
  left_s: z.int().nullable(),
  unused_cents: z.int().nullable(),
  cost_cents: z.int().nullable(),
  /** To be paid from the wallet; below zero goes back to it. */
  difference_cents: z.int().nullable(),
  wallet_cents: z.int(),
  expires_at_by_time: z.string().nullable(),
  renewal_at: z.string().nullable(),
});
export const topUpInput = z.object({ bytes: z.int().min(1).max(1_000_000_000_000_000) });

/** A subscription as the API shows it. The password never comes back. */
export const subscriptionAnswer = z.object({
  id: z.string(),
  client_id: z.string(),
  client_name: z.string(),
  package_id: z.string(),
  package_name: z.string(),
  package_version: z.int(),
  next_package_id: z.string().nullable(),
  next_package_name: z.string().nullable(),
  price_cents: z.int(),
  currency: z.string(),
  state: z.enum(subscriptionStates),
  username: z.string(),
  starts_at: z.string().nullable(),
  expires_at: z.string().nullable(),
  valid_until: z.string().nullable(),
  quota_bytes: z.int().nullable(),
  topup_bytes: z.int(),
  used_bytes: z.int(),
  on_quota: z.enum(['cut', 'throttle']),
  static_ip: z.string().nullable(),
  mac_lock: z.string().nullable(),
  routes: z.array(z.string()),
  framed_ipv6_prefix: z.string().nullable(),
  delegated_ipv6_prefix: z.string().nullable(),
  /** Of a service that is let in at this moment; null otherwise. */
  service: z.object({ down_kbps: z.int(), up_kbps: z.int(), until: z.string().nullable() }).nullable(),
  /** Why the service is not the plan's plain one: outside_hours, time_used_up, fair_use. */
  reason: z.string().nullable(),
  /** Validities that begin with the first session. */
  unused_validities: z.int(),
  cycle_ends_at: z.string().nullable(),
  online_s: z.int().nullable(),
  online_used_s: z.int().nullable(),
  /** Whether the next device to come online is locked to while mac_lock is empty. */
  mac_learn: z.boolean(),
  suspended_reason: z.string().nullable(),
  paused_at: z.string().nullable(),
  auto_renew: z.boolean(),
  /** Ending the subscription before then costs the fee; null when it never had a contract. */
  contract: z.object({ ends_at: z.string(), early_fee_cents: z.int() }).nullable(),
  online_sessions: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.int(),
});
export type Subscription = z.output<typeof subscriptionAnswer>;
