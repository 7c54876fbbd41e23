import { randomInt } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { beginUntil, createSubscription } from '../subscriptions';
import type { Device } from './device';
import type { Door } from './door';
import { offersOf } from './offers';
import { hashWord } from './passes';

/** A browser, by the word of the pass that it holds; the word itself is kept nowhere. */
const browserOf = (word: string | undefined): string | null =>
  word === undefined ? null : hashWord(word).toString('hex');

/**
 * Whether this device may try the site for nothing now: the site gives trials, and neither it nor the browser (a phone that has changed its address) had one
 * for so many hours.
 */
export async function mayTry(ctx: Context, { site }: Door, device: Device, held?: string): Promise<boolean> {
  if (site.trial_minutes === 0 || device.mac === undefined) return false;
  const [row] = await ctx.tx.$queryRaw<{ had: boolean }[]>`
    SELECT EXISTS (SELECT FROM hotspot_trial WHERE tenant_id = ${ctx.tenantId} AND (mac = ${device.mac} OR person = ${browserOf(held)})
      AND at > lango_now() - make_interval(hours => ${site.trial_hours}::int))
      OR EXISTS (SELECT FROM hotspot_device d JOIN subscription_now s ON s.id = d.subscription_id
                 WHERE d.tenant_id = ${ctx.tenantId} AND d.mac = ${device.mac} AND subscription_is_entitled(s.access_state)) AS had`;
  return row?.had === false;
}

/**
 * A trial: a service of the company's guests on the terms of the site's first plan, which ends after the minutes that the site gives. Undefined where this device,
 * or the browser by the word that it `held`, may have none. `word` is that of the pass which the trial becomes.
 */
export async function beginTrial(
  ctx: Context,
  door: Door,
  device: Device,
  { held, word }: { held: string | undefined; word: string },
): Promise<bigint | undefined> {
  const { mac } = device;
  if (mac === undefined) return undefined;
  // Two taps at once are one trial.
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`trial ${ctx.tenantId} ${mac}`}, 0))`;
  const [plan] = await offersOf(ctx, door);
  if (!plan || !(await mayTry(ctx, door, device, held))) return undefined;
  const [guests] = await ctx.tx.$queryRaw<{ id: bigint }[]>`SELECT hotspot_guests() AS id`;
  if (!guests) throw new Error('A company has no house account.');
  const secret = String(randomInt(10_000_000, 100_000_000));
  const made = await createSubscription(ctx, {
    client_id: guests.id,
    package_id: BigInt(plan.id),
    username: `trial-${mac.replaceAll(':', '').toLowerCase()}-${ctx.now.getTime().toString(36)}`,
    password: secret,
  });
  if (made.kind !== 'done') return undefined;
  const begun = await beginUntil(ctx, made.id, new Date(ctx.now.getTime() + door.site.trial_minutes * 60_000));
  if (begun.kind !== 'done') throw new Error(`A trial could not begin: ${begun.kind}`);
  await ctx.tx.$executeRaw`
    INSERT INTO hotspot_trial (tenant_id, site_id, mac, person, subscription_id, at) VALUES (${ctx.tenantId}, ${door.siteId}, ${mac}, ${browserOf(word)}, ${made.id}, ${ctx.now})`;
  await recordAudit(
    ctx,
    'hotspot.try',
    { type: 'subscription', id: made.id },
    { site: door.site.name, mac, minutes: door.site.trial_minutes },
  );
  return made.id;
}
