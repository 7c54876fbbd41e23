import { recordAudits } from '../audit';
import type { Context } from '../platform/context';
import { versionOnSale } from '../plans';
import { firstContract } from './contract';
import { macLockOf } from './mac-lock';
import type { NewSubscription } from './schema';
import type { Locked } from './standing';

/** A service sold and paid elsewhere up to `expires_at`; pending where that is null. */
export type Sale = Pick<NewSubscription, 'client_id' | 'package_id' | 'username' | 'password'> & {
  static_ip: string | null;
  mac_lock: string | null;
  expires_at: Date | null;
};

/**
 * What createSubscription and beginUntil do, for many new services in a few statements: moving a whole company is not ten thousand clicks. The clients
 * must have been made, or be held, by this transaction.
 * @returns their ids in the order asked; undefined, and nothing written, when a name or an address is taken or a plan is not on sale, which the commands
 * for one then say of the right one
 */
export async function sellMany(ctx: Context, sales: Sale[]): Promise<bigint[] | undefined> {
  const versions = await versionsOf(ctx, sales);
  if (versions === undefined || (await isAnyTaken(ctx, sales))) return undefined;
  const { timezone } = await ctx.tx.tenant.findFirstOrThrow({ where: { id: ctx.tenantId } });
  const rows = sales.map((sale) => rowOf(ctx, sale, versions.get(sale.package_id) as Locked['plan'], timezone));
  const made = await ctx.tx.subscription.createManyAndReturn({ data: rows, select: { id: true, username: true } });
  const idOf = new Map(made.map(({ id, username }) => [username, id]));
  const ids = sales.map(({ username }) => idOf.get(username) as bigint);
  await ctx.tx.$executeRaw`
    SELECT radius_set_password(s.id, s.password) FROM unnest(${ids}::bigint[], ${sales.map(({ password }) => password)}::text[]) AS s (id, password)`;
  await ctx.tx.usage_cycle.createMany({
    data: ids.flatMap((subscription_id, at) =>
      sales[at]?.expires_at ? [{ subscription_id, cycle_no: 1, tenant_id: ctx.tenantId, started_at: ctx.now }] : [],
    ),
  });
  await recordAudits(
    ctx,
    sales.flatMap((sale, at) => auditOf(sale, ids[at] as bigint, versions.get(sale.package_id) as Locked['plan'])),
  );
  // Nobody of them is online; who is at the door gets in at once.
  await ctx.tx.$executeRaw`SELECT enforce_each_subscription(${ids}::bigint[], 'renewed')`;
  return ids;
}

async function versionsOf(ctx: Context, sales: Sale[]): Promise<Map<bigint, Locked['plan']> | undefined> {
  const versions = new Map<bigint, Locked['plan']>();
  for (const id of new Set(sales.map(({ package_id }) => package_id))) {
    const version = await versionOnSale(ctx, id);
    if (!version) return undefined;
    versions.set(id, version);
  }
  return versions;
}

/** Locks the names and addresses as taken.ts does, in one order, and looks whether any is another's, or twice among them. */
async function isAnyTaken(ctx: Context, sales: Sale[]): Promise<boolean> {
  const usernames = sales.map(({ username }) => username);
  const addresses = sales.flatMap(({ static_ip }) => static_ip ?? []);
  const wanted = [...usernames, ...addresses];
  if (new Set(wanted).size < wanted.length) return true;
  await ctx.tx.$executeRaw`
    SELECT pg_advisory_xact_lock(k) FROM (
      SELECT DISTINCT hashtextextended('subscription ' || ${ctx.tenantId}::bigint || ' ' || w, 0) AS k FROM unnest(${wanted}::text[]) AS w ORDER BY 1) AS keys`;
  const taken = await ctx.tx.$queryRaw<unknown[]>`
    SELECT FROM subscription WHERE tenant_id = ${ctx.tenantId} AND username = ANY (${usernames}::text[])
    UNION ALL SELECT FROM subscription WHERE tenant_id = ${ctx.tenantId} AND static_ip = ANY (${addresses}::inet[]) AND status <> 'ended'
    UNION ALL SELECT FROM unnest(${addresses}::inet[]) AS a WHERE pool_giving(${ctx.tenantId}, a) IS NOT NULL
    LIMIT 1`;
  return taken.length > 0;
}

function rowOf(ctx: Context, sale: Sale, version: Locked['plan'], timezone: string) {
  const { expires_at } = sale;
  return {
    tenant_id: ctx.tenantId,
    subscriber_id: sale.client_id,
    plan_version_id: version.id,
    username: sale.username,
    quota_bytes: version.quota_bytes,
    static_ip: sale.static_ip,
    ...macLockOf(sale.mac_lock),
    routes: [],
    created_at: ctx.now,
    updated_at: ctx.now,
    ...(expires_at === null
      ? {}
      : {
          status: 'active',
          cycle_no: 1,
          starts_at: expires_at < ctx.now ? expires_at : ctx.now,
          expires_at,
          version: 2,
          ...firstContract(ctx, version, timezone),
        }),
  };
}

function auditOf(sale: Sale, id: bigint, { quota_bytes }: Locked['plan']) {
  const { username, client_id, package_id, expires_at } = sale;
  const subject = { type: 'subscription', id };
  const created = { action: 'subscriptions.create', subject, detail: { username, client_id, package_id } };
  if (expires_at === null) return [created];
  const detail = { cycle_no: 1, expires_at, quota_bytes, carried_bytes: 0n };
  return [created, { action: 'subscriptions.activate', subject, detail }];
}
