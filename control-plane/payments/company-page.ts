import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../platform/context';
import type { Web } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import type { Call } from '../platform/http/route';
import { chooseLocale } from '../platform/i18n';
import { readerOf, type Reader } from '../ui';

/** A provider answers within a second or two; who waits longer is told that it goes on by itself. */
const WAIT_MS = 6_000;
const LOOK_EVERY_MS = 200;
/** So many are waited for at a time; who comes beside them is told at once how it stands. */
const WAITING_MAX = 40;
let waiting = 0;

/** The company behind the word in the address of a page that its customers read. */
export interface Company {
  id: bigint;
  name: string;
  timezone: string;
}

/** @throws 404 where no company is called so */
export async function findCompany(call: Call, slug: string): Promise<Company> {
  const [row] = await call.db.outside.$queryRaw<Company[]>`SELECT id, name, timezone FROM payment_company(${slug})`;
  if (!row) throw notFound('This company');
  return row;
}

export const readerOfWeb = (web: Web, company: Company): Reader =>
  readerOf({
    locale: chooseLocale(web.cookies['lango_locale'], web.acceptLanguage),
    zone: company.timezone,
    nowMs: Date.now(),
    currency: 'KES',
  });

/** What a claim or a return from a page to pay on came to. Nothing of it tells a stranger whose phone or receipt it is. */
export type Claim =
  | { kind: 'paid'; until: Date | null }
  /** It is paid and runs; until when is not for whoever asks. */
  | { kind: 'on' }
  | { kind: 'failed' }
  | { kind: 'held' }
  | { kind: 'unknown' };

/** Until when what was paid for runs; the network is told once more, should it not have heard. */
export async function serviceOf(ctx: Context, paymentId: bigint | null): Promise<Extract<Claim, { kind: 'paid' }>> {
  const [row] = await ctx.tx.$queryRaw<{ subscription_id: bigint | null; valid_until: Date | null }[]>`
    SELECT p.subscription_id, s.valid_until FROM payment p LEFT JOIN subscription_now s ON s.id = p.subscription_id WHERE p.id = ${paymentId}`;
  if (row?.subscription_id) await ctx.tx.$executeRaw`SELECT enforce_subscription(${row.subscription_id}, 'payment')`;
  return { kind: 'paid', until: row?.valid_until ?? null };
}

/** How it stands as soon as something is known, or after the time that people wait for. `open`: what may yet become something else. */
export async function waitFor<C extends { kind: string } | undefined>(
  claim: C,
  open: readonly NonNullable<C>['kind'][],
  again: () => Promise<C>,
): Promise<C> {
  if (waiting >= WAITING_MAX) return claim;
  waiting += 1;
  try {
    let now = claim;
    for (const end = Date.now() + WAIT_MS; now && open.includes(now.kind) && Date.now() < end;) {
      await sleep(LOOK_EVERY_MS);
      now = await again();
    }
    return now;
  } finally {
    waiting -= 1;
  }
}
