import { z } from 'zod';
import { recordAudit } from '../../audit';
import { systemActor, type Context } from '../../platform/context';
import { idField } from '../../platform/http/input';
import type { NamedTask } from '../../platform/jobs/task';
import { atRouter } from '../../routers';
import { findLogo, findSite, siteOfRouter } from '../queries';
import type { Site } from '../schema';
import { putPages, type PutOutcome } from './put-pages';
import { renderPages, type PageSet } from './render-pages';

/** A site's pages as they are now, for a router or for a look. Undefined when there is no such site. */
export async function pagesOf(
  ctx: Context,
  site: Site,
  publicUrl: string,
  routerId: string | undefined,
): Promise<PageSet> {
  const [company] = await ctx.tx.$queryRaw<{ name: string }[]>`SELECT name FROM tenant WHERE id = ${ctx.tenantId}`;
  const logo = await findLogo(ctx, BigInt(site.id));
  return renderPages({ site, company: company?.name ?? '', logo, publicUrl, routerId });
}

/** Has the pages of a site put on its routers, each in a task of its own. @returns how many routers; undefined when there is no such site */
export async function deployPages(ctx: Context, siteId: bigint): Promise<number | undefined> {
  const site = await findSite(ctx, { id: siteId });
  if (!site) return undefined;
  for (const { id } of site.routers) {
    await ctx.tx.$executeRaw`
      INSERT INTO site_page_router (nas_id, tenant_id, state, asked_at) VALUES (${BigInt(id)}, ${ctx.tenantId}, 'waiting', ${ctx.now})
      ON CONFLICT (nas_id) DO UPDATE SET state = 'waiting', fault = NULL, detail = NULL, files_done = 0, asked_at = excluded.asked_at`;
    const [tenant, key] = [ctx.tenantId.toString(), `sites.put-pages:${id}`];
    await ctx.tx.$queryRaw`
      SELECT job_enqueue('sites.put-pages', json_build_object('tenant', ${tenant}::text, 'router', ${id}::text), NULL, ${key})::text`;
  }
  await recordAudit(ctx, 'sites.deploy', { type: 'site', id: siteId }, { routers: site.routers.length });
  return site.routers.length;
}

/** Makes the pages of the router's site as it is now and writes down that they are on their way. Undefined when it serves none, or nobody asked. */
async function beginPages(ctx: Context, routerId: bigint, publicUrl: string): Promise<PageSet | undefined> {
  const site = await siteOfRouter(ctx, routerId);
  if (!site) return undefined;
  const set = await pagesOf(ctx, site, publicUrl, routerId.toString());
  const files = set.files.map(({ path, bytes }) => ({ path, base64: bytes.toString('base64') }));
  await ctx.tx.$executeRaw`
    INSERT INTO site_page_set (hash, tenant_id, files) VALUES (${set.hash}, ${ctx.tenantId}, ${JSON.stringify(files)}::jsonb) ON CONFLICT (hash) DO NOTHING`;
  const begun = await ctx.tx.$executeRaw`
    UPDATE site_page_router SET hash = ${set.hash}, state = 'running', fault = NULL, detail = NULL, files_done = 0, files_all = ${files.length}
    WHERE nas_id = ${routerId}`;
  return begun > 0 ? set : undefined;
}

export interface RouterPages {
  router_id: string;
  router: string;
  state: 'none' | 'waiting' | 'running' | 'done' | 'failed';
  fault: string | null;
  detail: string | null;
  files_done: number;
  files_all: number;
  shown_at: string | null;
}

/** How far the pages of a site are on each of its routers. */
export async function listRouterPages(ctx: Context, siteId: bigint): Promise<RouterPages[]> {
  const rows = await ctx.tx.$queryRaw<
    (Omit<RouterPages, 'router_id' | 'shown_at'> & { id: bigint; shown: Date | null })[]
  >`
    SELECT n.id, n.name AS router, coalesce(r.state, 'none') AS state, r.fault, r.detail, coalesce(r.files_done, 0) AS files_done,
           coalesce(r.files_all, 0) AS files_all, r.shown_at AS shown
    FROM site_router x JOIN nas n ON n.id = x.nas_id LEFT JOIN site_page_router r ON r.nas_id = n.id
    WHERE x.site_id = ${siteId} ORDER BY lower(n.name)`;
  return rows.map(({ id, shown, ...row }) => ({
    ...row,
    router_id: id.toString(),
    shown_at: shown?.toISOString() ?? null,
  }));
}

const payload = z.object({ tenant: idField, router: idField });

/** Puts pages on one router. Asked again after a failure it goes on where it stopped: what is there is not fetched again. */
export const putTask: NamedTask = [
  'sites.put-pages',
  async (given, helpers, tools) => {
    const { tenant: tenantId, router } = payload.parse(given);
    const opening = { tenantId, actor: systemActor('sites.put-pages'), requestId: `job-${helpers.job.id}` };
    const set = await tools.db.inTenant(opening, (ctx) => beginPages(ctx, router, tools.publicUrl));
    if (!set) return;
    const note = (state: string, done: number, fault?: string, detail?: string) =>
      helpers.query('SELECT site_pages_note($1, $2, $3, $4, $5, $6)', [
        router.toString(),
        set.hash,
        state,
        done,
        fault ?? null,
        detail ?? null,
      ]);
    const wanted = {
      hash: set.hash,
      files: set.files.map(({ path, bytes }) => ({ path, size: bytes.length })),
      urlOf: (n: number): string => `${tools.publicUrl}/sites/pages/${set.hash}/${n}`,
    };
    const progress = async (done: number): Promise<void> => void (await note('running', done));
    const outcome: PutOutcome | undefined = await atRouter(helpers, tools, router, ({ ask }) =>
      putPages(ask, wanted, progress),
    );
    if (outcome === undefined) await note('failed', 0, 'no_api');
    else if (outcome.kind === 'done') await note('done', wanted.files.length);
    else await note('failed', 0, outcome.fault, outcome.detail);
  },
];
