import type { Context } from '../platform/context';
import type { Page } from '../platform/http/input';
import { invalid } from '../platform/http/problem';

/** How long refusals can be found by default: what is older is history. */
export const DAYS = 3;

/** What to look for. `q` is a device when it reads as a MAC, else the beginning of a login. */
export interface RefusalFilter {
  q?: string | undefined;
  username?: string | undefined;
  mac?: string | undefined;
  router?: bigint | undefined;
  reason?: string | undefined;
  days: number;
  before?: Key | undefined;
  limit: number;
}

/** One refusal with how often it came: the same login, device, router and reason. */
export interface RefusalRow {
  id: bigint;
  nas_id: bigint;
  router: string | null;
  username: string;
  station: string;
  reason: string;
  tries: bigint;
  first_at: Date;
  last_at: Date;
  subscriber_id: bigint | null;
  subscription_id: bigint | null;
  subscriber: string | null;
  /** Let in after the last of these refusals. */
  let_in: boolean;
  us: bigint;
}

/** One answer to one Access-Request. */
export interface TryRow {
  id: bigint;
  at: Date;
  username: string;
  station: string | null;
  nas_id: bigint | null;
  router: string | null;
  called: string | null;
  reply: string;
  reason: string | null;
  method: string | null;
  service_type: string | null;
  port_type: string | null;
  /** The serial of the device's certificate, with EAP-TLS. */
  certificate: string | null;
  us: bigint;
}

/** The place of a row in its list: microseconds since 1970, then the row's number. */
export interface Key {
  us: bigint;
  id: bigint;
}

export function keyText({ us, id }: Key): string {
  return `${us}.${id}`;
}

/** Cuts the one row too many that a query fetched, and names the place where the next page begins. */
export function pageOfTries<Row extends Key, T>(rows: Row[], limit: number, shape: (row: Row) => T): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items: items.map(shape), nextCursor: rows.length > limit && last ? keyText(last) : null };
}

/** Reads what keyText wrote; undefined for nothing. @throws Problem 422 for anything else */
export function readKey(text: string | undefined, field: string): Key | undefined {
  if (!text) return undefined;
  const parts = /^(\d{1,17})\.([1-9]\d{0,17})$/.exec(text);
  if (!parts) throw invalid({ [field]: 'is not one of ours; take it from the list' });
  return { us: BigInt(parts[1] ?? 0), id: BigInt(parts[2] ?? 0) };
}

const MAC = /^[0-9a-f]{2}([-: ]?[0-9a-f]{2}){5}$|^([0-9a-f]{4}[-:.]){2}[0-9a-f]{4}$|^[0-9a-f]{6}[-:][0-9a-f]{6}$/i;

/** A device in our one form, of any of the forms in which people and routers write it; anything else as it is (L2TP sends an address). */
export function station(text: string): string {
  return MAC.test(text) ? (text.replaceAll(/[^0-9a-f]/gi, '').match(/../g) ?? []).join(':').toUpperCase() : text;
}

/** What was looked for, as login and device. */
function sought({ q, username, mac }: Pick<RefusalFilter, 'q' | 'username' | 'mac'>) {
  const device = mac ?? (q !== undefined && MAC.test(q) ? q : undefined);
  return {
    username: username ?? (device === undefined || mac !== undefined ? q : undefined) ?? null,
    station: device === undefined ? null : station(device),
  };
}

function since(ctx: Context, days: number): Date {
  return new Date(ctx.now.getTime() - days * 86_400_000);
}

/** Refusals, the latest first, one row more than `limit` when there are more. */
export function listRefusals(ctx: Context, filter: RefusalFilter): Promise<RefusalRow[]> {
  const { username, station: device } = sought(filter);
  const { router, reason, before, limit } = filter;
  return ctx.tx.$queryRaw<RefusalRow[]>`
    SELECT * FROM access_refusals(${username}::text, ${device}::text, ${router ?? null}::bigint, ${reason ?? null}::text, ${since(ctx, filter.days)}::timestamptz,
                                  ${before?.us ?? null}::bigint, ${before?.id ?? null}::bigint, ${limit + 1}::int)`;
}

export interface TryFilter extends Omit<RefusalFilter, 'q'> {
  /** Also those that were let in; only together with a login. */
  all?: boolean | undefined;
}

/** Single answers, the latest first: the login is meant exactly. One row more than `limit` when there are more. */
export function listTries(ctx: Context, filter: TryFilter): Promise<TryRow[]> {
  const { username, mac, router, reason, before, limit, all } = filter;
  return ctx.tx.$queryRaw<TryRow[]>`
    SELECT * FROM access_tries(${username ?? null}::text, ${mac === undefined ? null : station(mac)}::text, ${router ?? null}::bigint, ${reason ?? null}::text, ${!all}::boolean,
                               ${since(ctx, filter.days)}::timestamptz, ${before?.us ?? null}::bigint, ${before?.id ?? null}::bigint, ${limit + 1}::int)`;
}

/** The answer of that name; undefined when it is not this company's or is forgotten. */
export async function findTry(ctx: Context, { us, id }: Key): Promise<TryRow | undefined> {
  const rows = await ctx.tx.$queryRaw<TryRow[]>`SELECT * FROM access_try(${us}::bigint, ${id}::bigint)`;
  return rows[0];
}

/** A router whose own secret looks wrong. `certain`: its signed packets do not fit ours; else several logins were refused there for a wrong password. */
export type SuspectRouter = { nas_id: bigint; router: string; first_at: Date } & (
  { certain: true; logins: null; tries: null } | { certain: false; logins: bigint; tries: bigint }
);

export function suspectRouters(ctx: Context): Promise<SuspectRouter[]> {
  return ctx.tx.$queryRaw<SuspectRouter[]>`SELECT * FROM access_suspect_routers()`;
}

/** The routers that one may ask from. */
export function routerChoices(ctx: Context): Promise<{ id: bigint; name: string }[]> {
  return ctx.tx.$queryRaw`SELECT id, name FROM nas ORDER BY name LIMIT 500`;
}
