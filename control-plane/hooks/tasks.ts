import type { JobHelpers } from 'graphile-worker';
import type { NamedTask, TaskTools } from '../platform/jobs/task';
import { sliceHookKinds } from '../slices';
import { workOn } from './desk';
import type { HookEvent } from './kind';

const AT_ONCE = 4;

interface Claimed {
  id: string;
  tenant_id: string;
  kind: string;
  received_at: Date;
  ip: string | null;
  by_token: boolean;
  headers: Record<string, string>;
  body: Buffer;
  tries: number;
}

/** Works on what waits in the table until nothing is due. */
async function sweep(helpers: JobHelpers, tools: TaskTools): Promise<void> {
  const kinds = new Map(sliceHookKinds().map((one) => [one.kind, one]));
  while (!helpers.abortSignal?.aborted) {
    const { rows } = await helpers.query<Claimed>('SELECT * FROM hook_claim($1)', [AT_ONCE]);
    if (rows.length === 0) return;
    await Promise.all(
      rows.map(async (row) => {
        const kind = kinds.get(row.kind);
        if (kind) await workOn(kind, eventOf(row), tools);
      }),
    );
  }
}

function eventOf(row: Claimed): HookEvent {
  return {
    id: BigInt(row.id),
    tenantId: BigInt(row.tenant_id),
    kind: row.kind,
    receivedAt: row.received_at,
    ip: row.ip ?? '',
    byToken: row.by_token,
    headers: row.headers,
    body: row.body,
    tries: row.tries,
  };
}

export const tasks: NamedTask[] = [['hooks.work', (_payload, helpers, tools) => sweep(helpers, tools)]];
