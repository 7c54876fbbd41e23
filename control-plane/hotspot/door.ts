import type { Context, Opening } from '../platform/context';
import type { Web } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import type { Call } from '../platform/http/route';
import { chooseLocale, type Locale } from '../platform/i18n';
import { findSite, findSiteDoor, type Site } from '../sites';
import { readerOf, type Reader } from '../ui';
import type { Device } from './device';

/** The site that somebody stands in front of, and whose it is. */
export interface Door {
  site: Site;
  siteId: bigint;
  company: string;
  timezone: string;
  currency: string;
  /** To call for help; empty where none is known. */
  phone: string;
}

/**
 * Does the work in the company of the site that the address names. Who asks has shown nothing but a wish.
 * @throws Problem 404 where there is no such site, or its company may not serve
 */
export async function atDoor<T>(call: Call, slug: string, work: (ctx: Context, door: Door) => Promise<T>): Promise<T> {
  const place = /^[a-z0-9-]{2,40}$/.test(slug) ? await findSiteDoor(call.db.outside, slug) : undefined;
  if (!place) throw notFound('This hotspot');
  return call.db.inTenant(openingOf(call, place.tenantId), async (ctx) => work(ctx, await findDoor(ctx, place.siteId)));
}

export const openingOf = (call: Call, tenantId: bigint): Opening => ({
  tenantId,
  requestId: call.requestId,
  actor: { kind: 'subscriber', id: null, name: 'hotspot', ip: call.ip, permissions: new Set() },
});

async function findDoor(ctx: Context, siteId: bigint): Promise<Door> {
  const site = await findSite(ctx, { id: siteId });
  if (!site) throw notFound('This hotspot');
  const [row] = await ctx.tx.$queryRaw<{ name: string; timezone: string; currency: string; phone: string | null }[]>`
    SELECT t.name, t.timezone, t.currency::text, g.phone FROM tenant t LEFT JOIN garden_page g ON g.tenant_id = t.id WHERE t.id = ${ctx.tenantId}`;
  if (!row) throw notFound('This hotspot');
  const { name: company, timezone, currency } = row;
  return { site, siteId, company, timezone, currency, phone: site.phone || (row.phone ?? '') };
}

/** In the language that was chosen, else the browser's, among those of the site. */
export function localeOf(web: Web, { site }: Door, lang = web.query['lang'] ?? ''): Locale {
  const spoken: readonly Locale[] = site.languages;
  const chosen = spoken.find((one) => one === lang) ?? spoken.find((one) => one === web.cookies['lango_locale']);
  if (chosen) return chosen;
  const asked = chooseLocale(undefined, web.acceptLanguage);
  return web.acceptLanguage !== undefined && spoken.includes(asked) ? asked : (spoken[0] ?? 'en');
}

export const readerAt = (ctx: Context, door: Door, locale: Locale): Reader =>
  readerOf({ locale, zone: door.timezone, nowMs: ctx.now.getTime(), currency: door.currency });

/** The router at which the device is let in: the one that its page names, if it serves this site; else the site's only one, else where the device was last. */
export async function routerOf(ctx: Context, { site }: Door, device: Device): Promise<bigint | undefined> {
  const ids = site.routers.map(({ id }) => BigInt(id));
  if (device.router !== undefined && ids.includes(device.router)) return device.router;
  if (ids.length < 2 || device.mac === undefined) return ids.length === 1 ? ids[0] : undefined;
  const [last] = await ctx.tx.$queryRaw<{ nas_id: bigint }[]>`
    SELECT p.nas_id FROM hotspot_pass p WHERE p.tenant_id = ${ctx.tenantId} AND p.mac = ${device.mac} AND p.nas_id = ANY(${ids}) ORDER BY p.id DESC LIMIT 1`;
  return last?.nas_id;
}
