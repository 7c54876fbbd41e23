import { randomInt } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { beginUntil, createSubscription } from '../subscriptions';
import type { Device } from './device';
import type { Door } from './door';
import { offersOf } from './offers';
import { hashWord } from './passes';
import { canSendCodes } from './prove';

/** A browser, by the word of the pass that it holds; the word itself is kept nowhere. */
const browserOf = (word: string | undefined): string | null =>
  word === undefined ? null : hashWord(word).toString('hex');

/** Whose trial it is, where that is not the device alone: a keyed hash, to be compared and never to be read. */
export type Claim = Buffer;

/** A phone number (E.164), after a code has shown that it is theirs. */
export const claimOfPhone = (ctx: Context, phone: string): Claim =>
  ctx.secrets.sign('hotspot_trial.claim', `${ctx.tenantId} phone ${phone}`);

/** Somebody who signed in, by the name that their provider has for them. */
export const claimOfPerson = (ctx: Context, issuer: string, subject: string): Claim =>
  ctx.secrets.sign('hotspot_trial.claim', `${ctx.tenantId} person ${JSON.stringify([issuer, subject])}`);

/** By what the trial of a site is asked for: a tap, a phone number, or signing in, which stands in the shop of itself. */
export type TrialWay = 'tap' | 'phone';

/** How this device may ask for the site's trial in the shop now; undefined where it may not. */
export async function trialWay(ctx: Context, door: Door, device: Device, held?: string): Promise<TrialWay | undefined> {
  const { trial_once_per } = door.site;
  if (trial_once_per === 'identity' || !(await mayTry(ctx, door, device, { held }))) return undefined;
  if (trial_once_per === 'device') return 'tap';
  return (await canSendCodes(ctx)) ? 'phone' : undefined;
}

interface Whose {
  /** The word of the pass that the browser holds: a phone that has changed its address. */
  held: string | undefined;
  claim?: Claim | undefined;
}

/** Whether the site gives trials, and neither this device nor its browser, nor whoever claims it, had one for so many hours. */
async function mayTry(ctx: Context, { site }: Door, device: Device, { held, claim }: Whose): Promise<boolean> {
  if (site.trial_minutes === 0 || device.mac === undefined) return false;
  const [row] = await ctx.tx.$queryRaw<{ had: boolean }[]>`
    SELECT EXISTS (SELECT FROM hotspot_trial WHERE tenant_id = ${ctx.tenantId}
        AND (mac = ${device.mac} OR person = ${browserOf(held)} OR claim = ${claim ?? null}::bytea)
        AND at > lango_now() - make_interval(hours => ${site.trial_hours}::int))
      OR EXISTS (SELECT FROM hotspot_device d JOIN subscription_now s ON s.id = d.subscription_id
                 WHERE d.tenant_id = ${ctx.tenantId} AND d.mac = ${device.mac} AND subscription_is_entitled(s.access_state)) AS had`;
  return row?.had === false;
}

/**
 * A trial: a service of the company's guests on the terms of the site's first plan, which ends after the minutes that the site gives. Undefined where this device,
 * the browser by the word that it `held`, or whoever claims it, may have none. `word` is that of the pass which the trial becomes.
 */
export async function beginTrial(
  ctx: Context,
  door: Door,
  device: Device,
  { held, claim, word }: Whose & { word: string },
): Promise<bigint | undefined> {
  const { mac } = device;
  if (mac === undefined) return undefined;
  // Two taps at once are one trial, and so are two devices of one person. Always in this order, so that nobody waits in a circle.
  await ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`trial ${ctx.tenantId} ${mac}`}, 0))`;
  if (claim)
    await ctx.tx
      .$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`trial claim ${claim.toString('hex')}`}, 0))`;
  const [plan] = await offersOf(ctx, door);
  if (!plan || !(await mayTry(ctx, door, device, { held, claim }))) return undefined;
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
    INSERT INTO hotspot_trial (tenant_id, site_id, mac, person, claim, subscription_id, at)
    VALUES (${ctx.tenantId}, ${door.siteId}, ${mac}, ${browserOf(word)}, ${claim ?? null}::bytea, ${made.id}, ${ctx.now})`;
  await recordAudit(
    ctx,
    'hotspot.try',
    { type: 'subscription', id: made.id },
    { site: door.site.name, mac, minutes: door.site.trial_minutes, once_per: door.site.trial_once_per },
  );
  return made.id;
}
