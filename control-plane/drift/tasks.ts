import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { systemActor } from '../platform/context';
import type { Context } from '../platform/context';
import type { NamedTask, Task, TaskTools } from '../platform/jobs/task';
import { atRouter, type RouterAtHand } from '../routers';
import { findDrift, type Known } from './find-drift';
import { keepFindings } from './keep-findings';

const ofRouter = z.object({ router_id: z.string().regex(/^\d+$/) });
const ofFinding = ofRouter.extend({ finding_id: z.string().regex(/^\d+$/) });

const inCompany = <T>(
  tools: TaskTools,
  tenantId: bigint,
  name: string,
  work: (ctx: Context) => Promise<T>,
): Promise<T> => tools.db.inTenant({ tenantId, actor: systemActor(name), requestId: randomUUID() }, work);

/** Looks through one router and writes down what it found; no transaction is open meanwhile. */
async function checkRouter(router: RouterAtHand, routerId: bigint, tools: TaskTools): Promise<void> {
  const known = await inCompany(tools, router.tenantId, 'drift.check', (ctx) => findKnown(ctx, routerId));
  const checked = await findDrift((words) => router.ask(words), known);
  await inCompany(tools, router.tenantId, 'drift.check', (ctx) => keepFindings(ctx, routerId, checked));
}

async function findKnown(ctx: Context, routerId: bigint): Promise<Known> {
  const [row] = await ctx.tx.$queryRaw<{ coa_port: number; addresses: string[] }[]>`
    SELECT n.coa_port, coalesce((SELECT array_agg(host(l.framed_ip)) FROM session_live l WHERE l.nas_id = n.id AND l.stopped_at IS NULL AND family(l.framed_ip) = 4), '{}') AS addresses
    FROM nas n WHERE n.id = ${routerId}`;
  return { addresses: row?.addresses ?? [], coaPort: row?.coa_port ?? 3799 };
}

const check: Task = async (given, helpers, tools) => {
  const routerId = BigInt(ofRouter.parse(given).router_id);
  await atRouter(helpers, tools, routerId, (router) => checkRouter(router, routerId, tools));
};

/** Sends the commands of a plan as they were shown, then looks again: only what is not found any more is mended. */
const repair: Task = async (given, helpers, tools) => {
  const { router_id, finding_id } = ofFinding.parse(given);
  const routerId = BigInt(router_id);
  await atRouter(helpers, tools, routerId, async (router) => {
    const plan = await inCompany(tools, router.tenantId, 'drift.repair', async (ctx) => {
      const [row] = await ctx.tx.$queryRaw<{ plan: string[][] }[]>`
        SELECT plan FROM drift_finding WHERE id = ${BigInt(finding_id)} AND nas_id = ${routerId} AND gone_at IS NULL`;
      return row?.plan ?? [];
    });
    for (const words of plan) {
      const outcome = await router.ask(words);
      if (outcome.kind === 'done') continue;
      const why = 'message' in outcome ? outcome.message : outcome.kind;
      await inCompany(
        tools,
        router.tenantId,
        'drift.repair',
        (ctx) => ctx.tx.$executeRaw`UPDATE drift_finding SET repair_fault = ${why} WHERE id = ${BigInt(finding_id)}`,
      );
      break;
    }
    await checkRouter(router, routerId, tools);
  });
};

export const tasks: NamedTask[] = [
  ['drift.check', check],
  ['drift.repair', repair],
];
