import { z } from 'zod';
import { systemActor, type Context } from '../platform/context';
import type { NamedTask, Task } from '../platform/jobs/task';
import type { RunKind } from './queries';
import { runProvision } from './run-provision';
import { runSelfTest } from './self-test/run-self-test';

const payloadShape = z.object({ run: z.coerce.bigint(), tenant: z.coerce.bigint() });

/** What stands in the result of a run while it waits: which rows changed by hand may be overwritten. */
const askedShape = z.object({ overwrite: z.array(z.string()).default([]) });

/** Does what was asked of a router in the console, and writes down what came of it. */
const work: Task = async (payload, helpers, tools) => {
  const { run, tenant: tenantId } = payloadShape.parse(payload);
  const inTenant = <T>(inside: (ctx: Context) => Promise<T>): Promise<T> =>
    tools.db.inTenant({ tenantId, actor: systemActor('provisioning'), requestId: `provisioning-${run}` }, inside);
  const found = await inTenant(async (ctx) => {
    const [row] = await ctx.tx.$queryRaw<{ nas_id: bigint; kind: RunKind; asked: unknown }[]>`
      SELECT nas_id, kind, result AS asked FROM provisioning_run WHERE id = ${run} AND state = 'running'`;
    return row;
  });
  if (!found) return;
  const close = (state: 'done' | 'failed', result: unknown, fault: string | null): Promise<number> =>
    inTenant(
      (ctx) => ctx.tx.$executeRaw`
      UPDATE provisioning_run SET state = ${state}, result = ${JSON.stringify(result)}::jsonb, fault = ${fault}, finished_at = lango_now() WHERE id = ${run}`,
    );
  const { nas_id: routerId, kind } = found;
  try {
    if (kind === 'self_test') {
      await close('done', await runSelfTest(routerId, inTenant, helpers, tools), null);
      return;
    }
    const { overwrite } = askedShape.parse(found.asked ?? {});
    const outcome = await runProvision(routerId, { apply: kind === 'apply', overwrite }, inTenant, helpers, tools);
    if (outcome.kind === 'done') await close('done', outcome.result, null);
    else await close('failed', null, outcome.fault);
  } catch (error) {
    tools.log.error({ err: error, run: String(run) }, 'a router could not be looked at');
    await close('failed', null, 'internal');
  }
};

export const tasks: NamedTask[] = [['provisioning.run', work]];
