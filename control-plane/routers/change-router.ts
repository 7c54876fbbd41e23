import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { API_PASSWORD, shortName, takenOr, type RouterOutcome } from './create-router';
import type { RouterPatch } from './schema';

/**
 * Changes a router; address, secret and policy act within 2 s. Sessions that came in under the old secret or address stay open in the books until
 * the router reports them again or they go stale. Secret, make and policy belong to the address: they change for all routers behind it.
 */
export async function changeRouter(ctx: Context, id: bigint, patch: RouterPatch): Promise<RouterOutcome> {
  const [before] = await ctx.tx.$queryRaw<{ version: number; nasname: string; rotating: boolean }[]>`
    SELECT n.version, n.nasname, EXISTS (SELECT FROM rotation_run r WHERE r.nas_id = n.id AND r.state = 'running') AS rotating
    FROM nas n WHERE n.id = ${id} FOR UPDATE OF n`;
  if (!before) return { kind: 'not_found' };
  if (patch.version !== undefined && patch.version !== before.version) return { kind: 'changed_meanwhile' };
  if (before.rotating && heldWhileRotating.some((name) => patch[name] !== undefined)) return { kind: 'rotating' };
  const sets = assignments(ctx, patch);
  if (sets.length === 0) return { kind: 'done', id };
  try {
    if (patch.address === undefined) await changeNeighbours(ctx, id, before.nasname, patch);
    await ctx.tx.$executeRaw`
      UPDATE nas SET ${Prisma.join(sets)}, updated_at = ${ctx.now}, version = version + 1 WHERE id = ${id}`;
  } catch (error) {
    return takenOr(error);
  }
  const changed = Object.keys(patch).filter((name) => name !== 'version');
  await recordAudit(ctx, 'routers.change', { type: 'nas', id }, { changed });
  return { kind: 'done', id };
}

/** The router may hold either of two secrets: a third here would lock it out. */
const heldWhileRotating = ['secret', 'address', 'api_username', 'api_password'] as const;

/** The others are changed in the statement that changes this one, because at the end of each they must agree. */
async function changeNeighbours(ctx: Context, id: bigint, address: string, patch: RouterPatch): Promise<void> {
  const { secret, type, message_authenticator } = patch;
  const shared = assignments(ctx, { secret, type, message_authenticator });
  if (shared.length === 0) return;
  await ctx.tx.$executeRaw`
    UPDATE nas SET ${Prisma.join(shared)}, updated_at = ${ctx.now}, version = version + (id <> ${id})::integer WHERE nasname = ${address} AND tenant_id = ${ctx.tenantId}`;
}

function assignments(ctx: Context, patch: RouterPatch): Prisma.Sql[] {
  const sets: Prisma.Sql[] = [];
  const set = <K extends keyof RouterPatch>(
    name: K,
    sql: (value: Exclude<RouterPatch[K], undefined>) => Prisma.Sql,
  ) => {
    const value = patch[name];
    if (value !== undefined) sets.push(sql(value as Exclude<RouterPatch[K], undefined>));
  };
  set('name', (name) => Prisma.sql`name = ${name}, shortname = ${shortName(name)}`);
  set('address', (address) => Prisma.sql`nasname = host(${address}::inet)`);
  set('secret', (secret) => Prisma.sql`secret = ${secret}`);
  set('type', (type) => Prisma.sql`type = ${type}`);
  set('coa_port', (port) => Prisma.sql`coa_port = ${port}`);
  set('coa_address', (address) => Prisma.sql`coa_address = ${address}::inet`);
  set('realm', (realm) => Prisma.sql`realm = ${realm}`);
  set('message_authenticator', (policy) => Prisma.sql`message_authenticator = ${policy}`);
  set('api_username', (name) => Prisma.sql`api_username = ${name}`);
  set('api_port', (port) => Prisma.sql`api_port = ${port}`);
  set('api_tls', (tls) => Prisma.sql`api_tls = ${tls}`);
  set('api_fingerprint', (text) => Prisma.sql`api_fingerprint = ${text}`);
  set('api_password', (password) => {
    const sealed = password === null ? null : ctx.secrets.seal(API_PASSWORD, ctx.tenantId, password);
    return Prisma.sql`api_password_enc = ${sealed}::bytea`;
  });
  return sets;
}
