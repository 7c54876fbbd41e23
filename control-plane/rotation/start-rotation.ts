import { randomBytes } from 'node:crypto';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { API_PASSWORD } from '../routers';

export type StartOutcome =
  | { kind: 'started'; id: bigint }
  /** One is under way that could not go on: it is tried again now. */
  | { kind: 'retried'; id: bigint }
  | { kind: 'not_found' }
  /** Nobody told us a user of its API, so nobody can tell it a secret. */
  | { kind: 'no_api' }
  | { kind: 'under_way' }
  /** Several routers have one address and with it one secret. */
  | { kind: 'shared' }
  /** Known by its certificate: it has no secret. */
  | { kind: 'certificate' };

/**
 * Begins to replace a router's RADIUS secret and API password: both new ones are made here and seen by nobody. The queue does the rest, step by step. One that is
 * under way and waits to be tried again is tried now.
 * @param why who or what asked: the person's name is kept with the run
 */
export async function startRotation(
  ctx: Context,
  routerId: bigint,
  why: 'by_hand' | 'schedule' = 'by_hand',
): Promise<StartOutcome> {
  const [router] = await ctx.tx.$queryRaw<
    { has_api: boolean; shared: boolean; certificate: boolean; busy: bigint | null; stuck: boolean | null }[]
  >`
    SELECT n.type = 'mikrotik' AND n.api_username IS NOT NULL AND n.api_password_enc IS NOT NULL AS has_api,
           EXISTS (SELECT FROM nas o WHERE o.nasname = n.nasname AND o.id <> n.id) AS shared, n.nasname::inet <<= '127.128.0.0/10' AS certificate,
           r.id AS busy, r.fault IS NOT NULL AS stuck
    FROM nas n LEFT JOIN rotation_run r ON r.nas_id = n.id AND r.state = 'running' WHERE n.id = ${routerId} AND n.tenant_id = ${ctx.tenantId} FOR UPDATE OF n`;
  if (!router) return { kind: 'not_found' };
  if (router.certificate) return { kind: 'certificate' };
  if (!router.has_api) return { kind: 'no_api' };
  if (router.shared) return { kind: 'shared' };
  if (router.busy !== null) {
    if (!router.stuck) return { kind: 'under_way' };
    await enqueueStep(ctx, router.busy, 0);
    return { kind: 'retried', id: router.busy };
  }
  const password = ctx.secrets.seal(API_PASSWORD, ctx.tenantId, randomBytes(18).toString('base64url'));
  const [made] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO rotation_run (tenant_id, nas_id, api_password_enc, asked_by, times)
    VALUES (${ctx.tenantId}, ${routerId}, ${password}::bytea, ${ctx.actor.name}, jsonb_build_object('accept', lango_now())) RETURNING id`;
  if (!made) throw new Error('The run has no id.');
  const [secret, between] = [randomBytes(24).toString('base64url'), randomBytes(24).toString('base64url')];
  await ctx.tx.$executeRaw`SELECT rotation_open(${made.id}, ${secret}, ${between})`;
  await recordAudit(ctx, 'rotation.start', { type: 'nas', id: routerId }, { why });
  await enqueueStep(ctx, made.id, 0);
  return { kind: 'started', id: made.id };
}

/** Hands the next step of a run to the queue. */
export async function enqueueStep(ctx: Context, runId: bigint, after_ms: number): Promise<void> {
  await ctx.tx.$executeRaw`
    SELECT job_enqueue('rotation.step', json_build_object('run_id', ${runId}::text, 'tenant_id', ${ctx.tenantId}::text),
                       CASE WHEN ${after_ms}::int > 0 THEN now() + make_interval(secs => ${after_ms}::int / 1000.0) END, ${`rotation.step:${runId}`})`;
}
