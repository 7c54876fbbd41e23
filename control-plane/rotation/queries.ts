import type { Context } from '../platform/context';
import type { Fault, Step } from './advance';

/** One replacement of a router's secrets. */
export interface Run {
  id: string;
  state: 'running' | 'done' | 'failed' | 'superseded';
  step: Step;
  /** When each step began. */
  times: Partial<Record<Step, string>>;
  fault: Fault | null;
  fault_words: string;
  asked_at: Date;
  asked_by: string;
  finished_at: Date | null;
}

const RUNS_SHOWN = 10;

/** The newest runs of a router. */
export function listRuns(ctx: Context, routerId: bigint): Promise<Run[]> {
  return ctx.tx.$queryRaw<Run[]>`
    SELECT r.id::text, r.state, r.step, r.times, r.fault, r.fault_words, r.asked_at, r.asked_by, r.finished_at
    FROM rotation_run r WHERE r.nas_id = ${routerId} ORDER BY r.id DESC LIMIT ${RUNS_SHOWN}`;
}

export interface Subject {
  router_id: string;
  router: string;
  has_api: boolean;
  certificate: boolean;
}

/** A router whose secrets could be replaced; undefined: no such router. */
export async function findSubject(ctx: Context, routerId: bigint): Promise<Subject | undefined> {
  const [found] = await ctx.tx.$queryRaw<Subject[]>`
    SELECT n.id::text AS router_id, n.name AS router, n.type = 'mikrotik' AND n.api_username IS NOT NULL AND n.api_password_enc IS NOT NULL AS has_api,
           n.nasname::inet <<= '127.128.0.0/10' AS certificate
    FROM nas n WHERE n.id = ${routerId} AND n.tenant_id = ${ctx.tenantId}`;
  return found;
}
