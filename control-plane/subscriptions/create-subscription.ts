import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { versionOnSale } from '../plans';
import type { NewSubscription } from './schema';
import type { Outcome } from './standing';
import { macLockOf } from './mac-lock';
import { whatIsTaken } from './taken';
import { writePrefixes } from './write-prefixes';

export type CreateOutcome = Exclude<Outcome, { kind: 'done' }> | { kind: 'done'; id: bigint };

/** Sells a package to a client under a RADIUS username of the company. It is pending, and lets nobody in, until it is paid or activated. */
export async function createSubscription(ctx: Context, input: NewSubscription): Promise<CreateOutcome> {
  // Held until we are done: a client who is being removed at this moment is either gone for us, or removed with this service.
  const [client] = await ctx.tx.$queryRaw<
    { id: bigint }[]
  >`SELECT id FROM subscriber WHERE id = ${input.client_id} AND deleted_at IS NULL FOR SHARE`;
  if (!client) return { kind: 'invalid', fields: { client_id: 'is no client of yours; list /api/clients' } };
  const version = await versionOnSale(ctx, input.package_id);
  if (!version) return { kind: 'invalid', fields: { package_id: 'is not on sale; list /api/packages for what is' } };
  const taken = await whatIsTaken(ctx, input, undefined);
  if (taken) return taken;
  const row = await ctx.tx.subscription.create({
    data: {
      tenant_id: ctx.tenantId,
      subscriber_id: client.id,
      plan_version_id: version.id,
      username: input.username,
      quota_bytes: version.quota_bytes,
      static_ip: input.static_ip ?? null,
      ...macLockOf(input.mac_lock),
      routes: input.routes ?? [],
      created_at: ctx.now,
      updated_at: ctx.now,
    },
  });
  await writePrefixes(ctx, row.id, input);
  await ctx.tx.$executeRaw`SELECT radius_set_password(${row.id}, ${input.password})`;
  await recordAudit(
    ctx,
    'subscriptions.create',
    { type: 'subscription', id: row.id },
    {
      username: input.username,
      client_id: client.id,
      package_id: input.package_id,
    },
  );
  return { kind: 'done', id: row.id };
}
