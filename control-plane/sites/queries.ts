import type { Context } from '../platform/context';
import type { PrismaClient } from '../platform/db/generated/client';
import { cursorId, pageOf, type Page } from '../platform/http/input';
import type { Site, SiteLanguage } from './schema';

interface Row extends Omit<Site, 'id' | 'languages'> {
  id: bigint;
  languages: string[];
}

export interface SiteFilter {
  id?: bigint | undefined;
  slug?: string | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit: number;
}

/** Sites, newest first, with the packages and routers of each. */
export async function listSites(ctx: Context, filter: SiteFilter): Promise<Page<Site>> {
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT s.id, s.slug, s.name, s.words, s.phone, s.colour, s.accent, s.logo IS NOT NULL AS has_logo, s.languages, s.terms, s.terms_required,
           s.trial_minutes, s.trial_hours, s.trial_once_per, s.version,
           (SELECT jsonb_build_object('name', i.name, 'issuer', i.issuer, 'client_id', i.client_id, 'hosts', i.hosts)
            FROM site_identity_provider i WHERE i.site_id = s.id) AS identity_provider,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id::text, 'name', p.name) ORDER BY x.position), '[]')
            FROM site_plan x JOIN plan p ON p.id = x.plan_id WHERE x.site_id = s.id AND p.archived_at IS NULL) AS packages,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id::text, 'name', n.name) ORDER BY lower(n.name)), '[]')
            FROM site_router x JOIN nas n ON n.id = x.nas_id WHERE x.site_id = s.id) AS routers
    FROM site s
    WHERE s.tenant_id = ${ctx.tenantId}
      AND (${filter.id ?? null}::bigint IS NULL OR s.id = ${filter.id ?? null})
      AND (${filter.slug ?? null}::text IS NULL OR s.slug = ${filter.slug ?? null})
      AND (${filter.q ?? null}::text IS NULL OR strpos(lower(s.name), lower(${filter.q ?? null})) > 0 OR s.slug = ${filter.q ?? null})
      AND (${cursorId(filter.cursor) ?? null}::bigint IS NULL OR s.id < ${cursorId(filter.cursor) ?? null})
    ORDER BY s.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(rows, filter.limit, (row) => row.id, toSite);
}

/** One site, by id or by the word in its address. */
export async function findSite(ctx: Context, by: { id: bigint } | { slug: string }): Promise<Site | undefined> {
  return (await listSites(ctx, { ...by, limit: 1 })).items[0];
}

/** The site that a router serves. */
export async function siteOfRouter(ctx: Context, routerId: bigint): Promise<Site | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ site_id: bigint }[]>`
    SELECT site_id FROM site_router WHERE nas_id = ${routerId}`;
  return row && findSite(ctx, { id: row.site_id });
}

/** The hosts that guests of the router's site must reach before they are online, to sign in there. */
export async function signInHosts(ctx: Context, routerId: bigint): Promise<readonly string[]> {
  return (await siteOfRouter(ctx, routerId))?.identity_provider?.hosts ?? [];
}

export interface Logo {
  type: 'image/png' | 'image/jpeg';
  bytes: Buffer;
}

/** The site's picture, where it has one. */
export async function findLogo(ctx: Context, id: bigint): Promise<Logo | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ type: Logo['type']; bytes: Uint8Array }[]>`
    SELECT logo_type AS type, logo AS bytes FROM site WHERE id = ${id} AND logo IS NOT NULL`;
  return row && { type: row.type, bytes: Buffer.from(row.bytes) };
}

/** Whose site a stranger asks for by the word in the address; undefined where there is none, or its company may not serve. */
export async function findSiteDoor(
  outside: PrismaClient,
  slug: string,
): Promise<{ tenantId: bigint; siteId: bigint } | undefined> {
  const [row] = await outside.$queryRaw<{ tenant_id: bigint; site_id: bigint }[]>`
    SELECT tenant_id, site_id FROM site_door(${slug})`;
  return row && { tenantId: row.tenant_id, siteId: row.site_id };
}

function toSite({ id, languages, ...row }: Row): Site {
  return { ...row, id: id.toString(), languages: languages as SiteLanguage[] };
}
