import { tellSubscriber } from '../messages';
import type { Context } from '../platform/context';
import type { Permission } from '../platform/permissions';
import {
  changePlan,
  extendSubscription,
  resumeSubscription,
  suspendSubscription,
  type Outcome,
  type SubscriptionAction,
} from '../subscriptions';
import { takeBackExtension, takeBackPlanChange, takeBackSuspension } from './take-back';
import type { Row, RowDoer, Run, UndoOutcome } from './run';
import type { BulkAction } from './schema';

/** What a run can do to a service. */
export interface ServiceAction {
  /** Asked of the state table for each row's fate; undefined: it may be done in any state. */
  needs: SubscriptionAction | undefined;
  /** It concerns the person: once for each, however many services they have. */
  oncePerPerson?: boolean;
  permission: Permission;
  work(ctx: Context, id: bigint, params: Record<string, unknown>, row: Row): Promise<Outcome>;
  /** Absent: it cannot be taken back. */
  undo?(ctx: Context, id: bigint, before: Before, run: Run): Promise<UndoOutcome>;
}

/** What a service was before a run changed it, and the version that the change made of it. */
export interface Before {
  expires_at: string | null;
  next_plan_version_id: string | null;
  version: number;
  /** How far the end of what was running moved; null where none was. */
  moved_ms: number | null;
}

export const actions: Record<BulkAction, ServiceAction> = {
  extend: {
    needs: 'extend',
    permission: 'subscriptions.write',
    work: (ctx, id, { days }) => extendSubscription(ctx, id, { count: Number(days), unit: 'day' }),
    undo: takeBackExtension,
  },
  suspend: {
    needs: 'suspend',
    permission: 'subscriptions.suspend',
    work: (ctx, id, { reason }) => suspendSubscription(ctx, id, String(reason)),
    undo: takeBackSuspension,
  },
  resume: {
    needs: 'resume',
    permission: 'subscriptions.suspend',
    work: (ctx, id) => resumeSubscription(ctx, id),
  },
  change_plan: {
    needs: 'change_plan',
    permission: 'subscriptions.write',
    work: (ctx, id, { package_id, when }) =>
      changePlan(ctx, id, { packageId: BigInt(String(package_id)), when: when === 'now' ? 'now' : 'renewal' }),
    undo: takeBackPlanChange,
  },
  message: {
    needs: undefined,
    oncePerPerson: true,
    permission: 'messages.send',
    work: (ctx, _id, { text }, row) => say(ctx, row, String(text)),
  },
};

/** In the queue on at least one of the ways that the person wants; the key keeps a row that is done again from being said again. */
async function say(ctx: Context, row: Row, text: string): Promise<Outcome> {
  if (row.subscriber_id === null) throw new Error(`row ${row.seq} of run ${row.run_id} names nobody`);
  const key = `bulk:${row.run_id}:${row.subscriber_id}`;
  const outcomes = await tellSubscriber(ctx, row.subscriber_id, { kind: 'notice', values: { text }, key });
  if (outcomes.some(({ kind }) => kind === 'queued' || kind === 'said_already')) return { kind: 'done' };
  const code = outcomes[0]?.kind ?? 'nobody_to_tell';
  return { kind: 'refused', code, message: 'Nothing can be sent to this person.' };
}

export function canUndo(action: string): boolean {
  return !(action in actions) || actions[action as BulkAction].undo !== undefined;
}

/** Does the rows of services. */
export const serviceDoer: RowDoer = {
  async work(ctx, run, row) {
    const id = serviceOf(row);
    const before = await standing(ctx, id);
    if (!before) return { outcome: 'refused', note: 'is_ended' };
    const outcome = await actions[run.action as BulkAction].work(ctx, id, run.params, row);
    if (outcome.kind !== 'done')
      return { outcome: 'refused', note: outcome.kind === 'refused' ? outcome.code : outcome.kind };
    const after = await standing(ctx, id);
    const running = before.expires_at !== null && before.expires_at > ctx.now;
    const moved_ms = running ? (after?.expires_at?.getTime() ?? 0) - (before.expires_at?.getTime() ?? 0) : null;
    return { outcome: 'done', before: { ...before, version: after?.version, moved_ms } };
  },
  async undo(ctx, run, row) {
    const action = actions[run.action as BulkAction];
    if (!action.undo || row.before === null) return { outcome: 'kept', note: 'not_undoable' };
    return action.undo(ctx, serviceOf(row), row.before as unknown as Before, run);
  },
};

interface Standing {
  expires_at: Date | null;
  next_plan_version_id: bigint | null;
  version: number;
}

async function standing(ctx: Context, id: bigint): Promise<Standing | undefined> {
  const [row] = await ctx.tx.$queryRaw<Standing[]>`
    SELECT expires_at, next_plan_version_id, version FROM subscription WHERE id = ${id} FOR NO KEY UPDATE`;
  return row;
}

function serviceOf(row: Row): bigint {
  if (row.subscription_id === null) throw new Error(`row ${row.seq} of run ${row.run_id} names no service`);
  return row.subscription_id;
}
