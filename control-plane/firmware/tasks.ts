import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { recordAudit } from '../audit';
import { isFresh, keepConfiguration, readExport } from '../configurations';
import { systemActor, type Context } from '../platform/context';
import type { NamedTask, Task } from '../platform/jobs/task';
import { atRouter, type RouterAtHand } from '../routers';
import { advance, type Advance, type Step, type Work } from './advance';
import { checkRouter } from './check-router';
import { failRun, findWork, finishRun, moveRun, startNext } from './run-steps';
import type { Failure } from './words';

/** A download may take minutes before the router says a word. */
const COMMAND_MS = 4 * 60_000;
/** Everything else is answered soon, or not at all: a router in its restart takes no connections. */
const QUESTION_MS = 20_000;

const ofRouter = z.object({ router_id: z.string().regex(/^\d+$/) });
const ofRun = z.object({ run_id: z.string().regex(/^\d+$/), tenant_id: z.string().regex(/^\d+$/) });

const check: Task = async (given, helpers, tools) => {
  const routerId = BigInt(ofRouter.parse(given).router_id);
  await atRouter(helpers, tools, routerId, async (router) => {
    const said = await checkRouter((words) => router.ask(words));
    await tools.db.inTenant(
      { tenantId: router.tenantId, actor: systemActor('firmware.check'), requestId: randomUUID() },
      (ctx) => said.keep(ctx, routerId),
    );
  });
};

/** One step of a run, then the next one by the queue. What it finds is written down when the router has answered; nothing is open meanwhile. */
const step: Task = async (given, helpers, tools) => {
  const { run_id, tenant_id } = ofRun.parse(given);
  const runId = BigInt(run_id);
  const inTenant = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
    tools.db.inTenant(
      { tenantId: BigInt(tenant_id), actor: systemActor('firmware.step'), requestId: randomUUID() },
      work,
    );
  const work = await inTenant((ctx) => findWork(ctx, runId));
  if (!work) return;
  const timeout_ms = work.step === 'download' ? COMMAND_MS : QUESTION_MS;
  const outcome =
    (await atRouter(helpers, tools, work.routerId, (router) => oneStep(work, router, inTenant), timeout_ms).catch(
      (error: unknown): Failure => {
        tools.log.error({ err: error, run: run_id }, 'a step of an upgrade broke off');
        return { kind: 'failed', fault: 'internal', words: '' };
      },
    )) ?? ({ kind: 'failed', fault: 'no_api', words: '' } satisfies Failure);
  await inTenant(async (ctx) => {
    if (outcome.kind === 'next') return moveRun(ctx, runId, outcome);
    const router = { type: 'nas', id: work.routerId };
    if (outcome.kind === 'failed') {
      await failRun(ctx, runId, outcome);
      await recordAudit(ctx, 'firmware.fail', router, {
        step: work.step,
        fault: outcome.fault,
        words: outcome.words,
      });
    } else {
      await finishRun(ctx, runId, outcome.learned ?? {});
      await recordAudit(ctx, 'firmware.finish', router, { ...outcome.learned });
    }
    // A router that was upgraded is asked anew what it has; the next one's turn comes only after success.
    await ctx.tx
      .$executeRaw`SELECT job_enqueue('firmware.check', json_build_object('router_id', ${work.routerId}::text), NULL, ${`firmware.check:${work.routerId}`})`;
    if (outcome.kind === 'done') await startNext(ctx, work.batch);
  });
};

function oneStep(
  work: Work & { routerId: bigint; step: Step },
  router: RouterAtHand,
  inTenant: <T>(inside: (ctx: Context) => Promise<T>) => Promise<T>,
): Promise<Advance> {
  return advance(work, {
    ask: router.ask,
    async backUp() {
      if (await inTenant((ctx) => isFresh(ctx, work.routerId))) return { kind: 'kept' };
      const said = await readExport((words) => router.ask(words));
      await inTenant((ctx) => keepConfiguration(ctx, work.routerId, said));
      return said.kind === 'read' ? { kind: 'kept' } : { kind: 'failed', why: said.why };
    },
  });
}

export const tasks: NamedTask[] = [
  ['firmware.check', check],
  ['firmware.step', step],
];
