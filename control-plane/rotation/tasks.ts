import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { JobHelpers } from 'graphile-worker';
import { z } from 'zod';
import { recordAudit } from '../audit';
import { closeAlert, openAlert } from '../monitoring';
import { systemActor, type Context } from '../platform/context';
import type { NamedTask, Task, TaskTools } from '../platform/jobs/task';
import { probeOrders, TUNNEL_SERVER } from '../provisioning';
import { atRouter } from '../routers';
import { advance, type Advance } from './advance';
import { failRun, findWork, finishRun, moveRun, repeatStep, type RunAtHand } from './run-steps';
import { startRotation } from './start-rotation';

/** A router that does not answer within this is asked again later. */
const COMMAND_MS = 10_000;
/** Tries in vain after which somebody is told. */
const TRIES_UNTOLD = 3;

const ofRun = z.object({ run_id: z.string().regex(/^\d+$/), tenant_id: z.string().regex(/^\d+$/) });
const ofRouter = z.object({ router_id: z.string().regex(/^\d+$/), tenant_id: z.string().regex(/^\d+$/) });

interface AtHand {
  new_secret: string | null;
  address: string;
  port: number;
  used: boolean;
  behind: string[];
}

/** One step of a run, then the next by the queue. Nothing is open in the database while the router is asked. */
const step: Task = async (given, helpers, tools) => {
  const { run_id, tenant_id } = ofRun.parse(given);
  const runId = BigInt(run_id);
  const inTenant = <T>(work: (ctx: Context) => Promise<T>): Promise<T> =>
    tools.db.inTenant(
      { tenantId: BigInt(tenant_id), actor: systemActor('rotation.step'), requestId: randomUUID() },
      work,
    );
  const run = await inTenant((ctx) => findWork(ctx, runId));
  if (!run) return;
  const outcome = await oneStep(runId, run, helpers, tools).catch((error: unknown): Advance => {
    tools.log.error({ err: error, run: run_id }, 'a step of replacing the secrets of a router broke off');
    return { kind: 'again', after_ms: 10_000, waits: false, fault: 'internal', words: '' };
  });
  await inTenant((ctx) => keep(ctx, runId, run, outcome));
};

async function oneStep(runId: bigint, run: RunAtHand, helpers: JobHelpers, tools: TaskTools): Promise<Advance> {
  const { rows } = await helpers.query<AtHand>('SELECT * FROM rotation_at_hand($1)', [runId.toString()]);
  const [hand] = rows;
  if (!hand) throw new Error('The run has gone with its router.');
  const server = run.way === 'tunnel' ? TUNNEL_SERVER : await addressOf(run.host);
  const secret = hand.new_secret ?? '';
  const advanced = await atRouter(
    helpers,
    tools,
    run.routerId,
    ({ ask, askAs, target }) =>
      advance(
        {
          ...run,
          server,
          secret,
          used: hand.used,
          behind: hand.behind,
          passwords: { now: target.password, next: target.nextPassword ?? '' },
        },
        {
          ask,
          askAs,
          obeys: async () =>
            (await probeOrders({ address: hand.address, port: hand.port, secret })).kind === 'answered',
        },
      ),
    COMMAND_MS,
  );
  return advanced ?? { kind: 'failed', fault: 'no_api', words: '' };
}

async function keep(ctx: Context, runId: bigint, run: RunAtHand, outcome: Advance): Promise<void> {
  const router = { id: run.routerId, name: run.router };
  const subject = { type: 'nas', id: run.routerId };
  const alert = { kind: 'rotation', subject: '', value: '' } as const;
  switch (outcome.kind) {
    case 'next':
      await moveRun(ctx, runId, run.step, outcome);
      if (run.fault) await closeAlert(ctx, router, alert);
      return;
    case 'again':
      await repeatStep(ctx, runId, run.step, outcome);
      if (!outcome.waits && run.tries + 1 >= TRIES_UNTOLD) await openAlert(ctx, router, alert);
      return;
    case 'failed':
      if (!(await failRun(ctx, runId, outcome))) return;
      await recordAudit(ctx, 'rotation.fail', subject, {
        step: run.step,
        fault: outcome.fault,
        words: outcome.words,
      });
      await openAlert(ctx, router, alert);
      return;
    case 'done':
      if (!(await finishRun(ctx, runId))) return;
      await recordAudit(ctx, 'rotation.finish', subject, {});
      await closeAlert(ctx, router, alert);
  }
}

/** A router's turn has come by its company's schedule. */
const begin: Task = async (given, _helpers, tools) => {
  const { router_id, tenant_id } = ofRouter.parse(given);
  await tools.db.inTenant(
    { tenantId: BigInt(tenant_id), actor: systemActor('rotation.begin'), requestId: randomUUID() },
    (ctx) => startRotation(ctx, BigInt(router_id), 'schedule'),
  );
};

async function addressOf(host: string): Promise<string> {
  if (host === '' || isIP(host)) return host;
  return lookup(host, 4).then(
    ({ address }) => address,
    () => host,
  );
}

export const tasks: NamedTask[] = [
  ['rotation.step', step],
  ['rotation.begin', begin],
];
