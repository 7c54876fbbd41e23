import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { findSite } from './queries';
import type { NewSite, Site, SiteChange } from './schema';

export type SiteOutcome =
  | { kind: 'done'; site: Site }
  | { kind: 'not_found' }
  | { kind: 'name_taken' }
  | { kind: 'slug_taken' }
  | { kind: 'changed_meanwhile'; version: number }
  /** A router serves one site at most. */
  | { kind: 'router_taken'; router: string; site: string }
  | { kind: 'invalid'; fields: Record<string, string> };

type Fields = Omit<SiteChange, 'version'>;

/** Makes a site. Without a slug one is made of its name; the slug is the installation's and never changes, because routers' pages and printed codes hold it. */
export async function createSite(ctx: Context, input: NewSite): Promise<SiteOutcome> {
  const { slug: wanted, ...fields } = input;
  await lock(ctx);
  if (wanted !== undefined && (await isTaken(ctx, wanted))) return { kind: 'slug_taken' };
  const unfit = await fault(ctx, fields, undefined);
  if (unfit) return unfit;
  const slug = wanted ?? (await freeSlug(ctx, input.name));
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO site (tenant_id, slug, name, created_at, updated_at) VALUES (${ctx.tenantId}, ${slug}, ${input.name}, ${ctx.now}, ${ctx.now}) RETURNING id`;
  if (!row) throw new Error('The new site has no id.');
  return settle(ctx, row.id, fields, 'sites.create');
}

/** Changes a site; `version` as it was read. Fields that are left out stay as they are. Routers show it after their pages are deployed again. */
export async function changeSite(ctx: Context, id: bigint, { version, ...fields }: SiteChange): Promise<SiteOutcome> {
  await lock(ctx);
  const [row] = await ctx.tx.$queryRaw<{ version: number; terms: string; terms_required: boolean }[]>`
    SELECT version, terms, terms_required FROM site WHERE id = ${id} FOR UPDATE`;
  if (!row) return { kind: 'not_found' };
  if (row.version !== version) return { kind: 'changed_meanwhile', version: row.version };
  if ((fields.terms_required ?? row.terms_required) && (fields.terms ?? row.terms) === '')
    return { kind: 'invalid', fields: { terms: 'are needed where they must be accepted' } };
  const unfit = await fault(ctx, fields, id);
  if (unfit) return unfit;
  await ctx.tx.$executeRaw`UPDATE site SET name = ${fields.name}, version = version + 1 WHERE id = ${id}`;
  return settle(ctx, id, fields, 'sites.change');
}

/** Forgets a site. Its routers keep the pages that they have. */
export async function removeSite(ctx: Context, id: bigint): Promise<'done' | 'not_found'> {
  const site = await findSite(ctx, { id });
  if (!site) return 'not_found';
  await ctx.tx.$executeRaw`DELETE FROM site WHERE id = ${id}`;
  await recordAudit(ctx, 'sites.remove', { type: 'site', id }, { name: site.name, slug: site.slug });
  return 'done';
}

/** One change of sites at a time: addresses are the whole installation's, and a form must be told what is taken before anything is written. */
const lock = (ctx: Context) => ctx.tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('sites', 0))`;

async function settle(ctx: Context, id: bigint, fields: Fields, action: string): Promise<SiteOutcome> {
  await ctx.tx.$executeRaw`
    UPDATE site SET words = coalesce(${fields.words ?? null}, words), phone = coalesce(${fields.phone ?? null}, phone),
      colour = coalesce(${fields.colour ?? null}, colour), accent = coalesce(${fields.accent ?? null}, accent),
      languages = coalesce(${fields.languages ?? null}::text[], languages), terms = coalesce(${fields.terms ?? null}, terms),
      terms_required = coalesce(${fields.terms_required ?? null}, terms_required), trial_minutes = coalesce(${fields.trial_minutes ?? null}, trial_minutes),
      trial_hours = coalesce(${fields.trial_hours ?? null}, trial_hours), trial_once_per = coalesce(${fields.trial_once_per ?? null}, trial_once_per), updated_at = ${ctx.now}
    WHERE id = ${id}`;
  if (fields.package_ids) {
    await ctx.tx.$executeRaw`DELETE FROM site_plan WHERE site_id = ${id}`;
    await ctx.tx.$executeRaw`
      INSERT INTO site_plan (site_id, plan_id, position, tenant_id)
      SELECT ${id}, p, n, ${ctx.tenantId} FROM unnest(${[...new Set(fields.package_ids)]}::bigint[]) WITH ORDINALITY AS o (p, n)`;
  }
  if (fields.router_ids) {
    await ctx.tx.$executeRaw`DELETE FROM site_router WHERE site_id = ${id}`;
    await ctx.tx.$executeRaw`
      INSERT INTO site_router (nas_id, site_id, tenant_id) SELECT n, ${id}, ${ctx.tenantId} FROM unnest(${[...new Set(fields.router_ids)]}::bigint[]) n`;
  }
  const site = await findSite(ctx, { id });
  if (!site) throw new Error(`site ${id} is gone after it was written`);
  const { terms: _, ...told } = fields;
  await recordAudit(ctx, action, { type: 'site', id }, { slug: site.slug, ...told });
  return { kind: 'done', site };
}

async function fault(
  ctx: Context,
  { name, package_ids = [], router_ids = [], trial_once_per }: Fields,
  id: bigint | undefined,
): Promise<Exclude<SiteOutcome, { kind: 'done' }> | undefined> {
  const [packages, routers] = [[...new Set(package_ids)], [...new Set(router_ids)]];
  const same = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM site WHERE tenant_id = ${ctx.tenantId} AND lower(name) = lower(${name}) AND id IS DISTINCT FROM ${id ?? null}::bigint`;
  if (same.length > 0) return { kind: 'name_taken' };
  if (trial_once_per === 'identity') {
    const there = await ctx.tx.$queryRaw<unknown[]>`
      SELECT 1 FROM site_identity_provider WHERE site_id = ${id ?? null}::bigint`;
    if (there.length === 0)
      return { kind: 'invalid', fields: { trial_once_per: 'needs an identity provider of the site' } };
  }
  const plans = await ctx.tx.$queryRaw<unknown[]>`
    SELECT 1 FROM plan WHERE id = ANY (${packages}::bigint[]) AND archived_at IS NULL`;
  if (plans.length < packages.length)
    return {
      kind: 'invalid',
      fields: { package_ids: 'names a package that is not on sale; list /api/packages' },
    };
  const known = await ctx.tx.$queryRaw<{ name: string; site: string | null }[]>`
    SELECT n.name, s.name AS site FROM nas n
    LEFT JOIN site_router x ON x.nas_id = n.id AND x.site_id IS DISTINCT FROM ${id ?? null}::bigint LEFT JOIN site s ON s.id = x.site_id
    WHERE n.tenant_id = ${ctx.tenantId} AND n.id = ANY (${routers}::bigint[])`;
  if (known.length < routers.length)
    return { kind: 'invalid', fields: { router_ids: 'names a router that you do not have; list /api/routers' } };
  const taken = known.find(({ site }) => site !== null);
  return taken && { kind: 'router_taken', router: taken.name, site: taken.site ?? '' };
}

/** `Soko Mjinga Wi-Fi` → `soko-mjinga-wi-fi`, with a number behind it where another site has that. */
async function freeSlug(ctx: Context, name: string): Promise<string> {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 34)
    .replace(/^-+|-+$/g, '');
  const base = plain.length >= 2 ? plain : 'wifi';
  for (let n = 1; ; n++) {
    const slug = n === 1 ? base : `${base}-${n}`;
    if (!(await isTaken(ctx, slug))) return slug;
    if (n > 9999) throw new Error(`Ten thousand sites are called ${base}.`);
  }
}

async function isTaken(ctx: Context, slug: string): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<{ taken: boolean }[]>`SELECT site_slug_taken(${slug}) AS taken`;
  return row?.taken === true;
}
