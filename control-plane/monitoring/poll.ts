import { randomUUID } from 'node:crypto';
import type { JobHelpers } from 'graphile-worker';
import { RouterPool, type ApiTarget } from '../../radius/routeros';
import { systemActor } from '../platform/context';
import type { TaskTools } from '../platform/jobs/task';
import { openWay, type SealedWay } from '../routers';
import { closeAlert, openAlert } from './alerts';
import { judge, usualLimits, type Limits, type Seen, type Watch } from './judge';
import { ratesOf, readRouter, type Port } from './reading';

/** A question to a router; one that is slower than this is away for this round. */
const QUESTION_MS = 5_000;
/** A whole visit; shorter than the half minute between rounds, so that a router that drips its words delays no round. */
const VISIT_MS = 15_000;
/** Results wait for each other at most this long before they are written down together. */
const GATHER_MS = 300;
const GATHER_ROWS = 100;

interface Target {
  tenant_id: string;
  nas_id: string;
  name: string;
  api: SealedWay | null;
  quiet: boolean;
  sessions: number;
  sessions_before: number | null;
  state: string | null;
  /** Seconds since it last answered. */
  since_s: number | null;
  ports: Port[];
  watch: Watch;
  opened: { kind: string; subject: string }[];
  limits: Limits | null;
}

/**
 * Connections stay open from round to round: a router writes every login into its log, and a new one each half minute would fill it.
 * They keep no process alive.
 */
const routers = new RouterPool({ timeout_ms: QUESTION_MS, connections: 2_000, idle_ms: 75_000, background: true });

/** One round: every router is asked at the same time, each result is written as it comes, and a router that hangs delays no other. */
export async function pollRouters(helpers: Pick<JobHelpers, 'query'>, tools: TaskTools): Promise<number> {
  const { rows } = await helpers.query<Target>('SELECT * FROM monitoring_targets()');
  const found: object[] = [];
  let timer: NodeJS.Timeout | undefined;
  const writes: Promise<unknown>[] = [];
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (found.length === 0) return;
    const batch = JSON.stringify(found.splice(0));
    writes.push(helpers.query('SELECT monitoring_record($1::jsonb)', [batch]));
  };
  await Promise.all(
    rows.map(async (target) => {
      const seen = await look(target, tools);
      const { changes, row } = judgeTarget(target, seen);
      found.push(row);
      if (found.length >= GATHER_ROWS) write();
      else timer ??= setTimeout(write, GATHER_MS);
      await tell(target, changes, tools);
    }),
  );
  write();
  // A batch that could not be written is lost, and the next round writes the next one.
  for (const outcome of await Promise.allSettled(writes)) if (outcome.status === 'rejected') throw outcome.reason;
  return rows.length;
}

async function look(target: Target, tools: TaskTools): Promise<Seen> {
  const { api } = target;
  if (api === null) {
    return { kind: target.sessions > 0 && target.quiet ? 'silent' : 'heard' };
  }
  let at: ApiTarget;
  try {
    at = openWay(tools, BigInt(target.tenant_id), api);
  } catch (error) {
    tools.log.error({ err: error, router: target.name }, 'the API password of a router cannot be opened');
    return { kind: 'refused', words: '' };
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Seen>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'away', words: '' }), VISIT_MS);
  });
  const answer = await Promise.race([readRouter((words) => routers.run(at, words), Date.now), late]);
  clearTimeout(timer);
  return answer;
}

function judgeTarget(target: Target, seen: Seen) {
  const changes = judge(seen, {
    watch: target.watch,
    opened: target.opened,
    ports: target.ports,
    sessions: target.sessions,
    sessionsBefore: target.sessions_before ?? undefined,
    limits: { ...usualLimits, ...target.limits },
  });
  const base = { tenant_id: target.tenant_id, nas_id: target.nas_id, watch: changes.watch, sessions: target.sessions };
  if (seen.kind !== 'read') {
    const state = { refused: 'refused', away: 'down', silent: 'silent', heard: 'heard' }[seen.kind];
    return { changes, row: { ...base, state, ...('words' in seen && seen.words !== '' && { fault: seen.words }) } };
  }
  const { ports, ...facts } = seen.reading;
  const rates = ratesOf(target.ports, ports, target.since_s ?? 0);
  // What goes through a router comes in by one interface and leaves by another: the greatest is what it carries.
  const all = Object.values(rates);
  const most = (side: 0 | 1): number | null => (all.length === 0 ? null : Math.max(...all.map((rate) => rate[side])));
  const row = {
    ...base,
    state: 'up',
    facts: { ...facts, rates },
    ports,
    rates,
    cpu: facts.cpu,
    memory: facts.memory,
    disk: facts.disk,
    temperature: facts.temperature,
    rx_bps: most(0),
    tx_bps: most(1),
  };
  return { changes, row };
}

/** Opens and closes alerts as the company's own, with its audit and its messages. One that fails is tried again in the next round. */
async function tell(target: Target, changes: ReturnType<typeof judge>, tools: TaskTools): Promise<void> {
  if (changes.open.length + changes.close.length === 0) return;
  const opening = {
    tenantId: BigInt(target.tenant_id),
    actor: systemActor('monitoring.poll'),
    requestId: randomUUID(),
  };
  const router = { id: BigInt(target.nas_id), name: target.name };
  await tools.db
    .inTenant(opening, async (ctx) => {
      for (const alert of changes.open) await openAlert(ctx, router, alert);
      for (const alert of changes.close) await closeAlert(ctx, router, alert);
    })
    .catch((error: unknown) =>
      tools.log.error({ err: error, router: target.name }, 'an alert could not be written down'),
    );
}
