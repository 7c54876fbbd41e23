import { z } from 'zod';
import { systemActor, type Context } from '../platform/context';
import type { NamedTask, Task } from '../platform/jobs/task';
import type { RunKind } from './queries';
import { runSelfTest } from './self-test/run-self-test';

const payloadShape = z.object({ run: z.coerce.bigint(), tenant: z.coerce.bigint() });

/** Does what was asked of a router in the console, and writes down what came of it. */
const work: Task = async (payload, helpers, tools) => {
  const { run, tenant: tenantId } = payloadShape.parse(payload);
  const inTenant = <T>(inside: (ctx: Context) => Promise<T>): Promise<T> =>
    tools.db.inTenant({ tenantId, actor: systemActor('provisioning'), requestId: `provisioning-${run}` }, inside);
  const found = await inTenant(async (ctx) => {
    const [row] = await ctx.tx.$queryRaw<{ nas_id: bigint; kind: RunKind }[]>`
      SELECT nas_id, kind FROM provisioning_run WHERE id = ${run} AND state = 'running'`;
    return row;
  });
  if (!found) return;
  const close = (state: 'done' | 'failed', result: unknown, fault: string | null): Promise<number> =>
    inTenant((ctx) => ctx.tx.$executeRaw`
      UPDATE provisioning_run SET state = ${state}, result = ${JSON.stringify(result)}::jsonb, fault = ${fault}, finished_at = lango_now() WHERE id = ${run}`);
  try {
    await close('done', await runSelfTest(found.nas_id, inTenant, helpers, tools), null);
  } catch (error) {
    tools.log.error({ err: error, run: String(run) }, 'a router could not be looked at');
    await close('failed', null, 'internal');
  }
};

export const tasks: NamedTask[] = [['provisioning.run', work]];
