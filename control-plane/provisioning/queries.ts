import type { Context } from '../platform/context';
import { readWanted, type Wanted } from './wanted';

/** What is known of bringing a router in. */
export interface Setup {
  routerId: string;
  name: string;
  address: string;
  type: string;
  way: 'direct' | 'tunnel';
  tunnelAddress: string | null;
  tunnelKind: 'wireguard' | 'sstp' | null;
  /** When both ends of its tunnel last agreed on a key, where `lango tunnels keep` runs. */
  handshakeAt: Date | null;
  tunnelEndpoint: string | null;
  wanted: Wanted;
  lineExpiresAt: Date | null;
  fetchedAt: Date | null;
  fetchedVersion: string | null;
  finishedAt: Date | null;
  failedStep: string | null;
  heardAt: Date | null;
}

/** A router and its setup; of one that has none yet, what it would be. undefined: no such router. */
export async function findSetup(ctx: Context, routerId: bigint): Promise<Setup | undefined> {
  const [found] = await ctx.tx.$queryRaw<(Omit<Setup, 'wanted'> & { wanted: unknown })[]>`
    SELECT n.id::text AS "routerId", n.name, n.nasname AS address, n.type, coalesce(p.way, 'direct') AS way, host(p.tunnel_address) AS "tunnelAddress",
           p.tunnel_kind AS "tunnelKind", u.handshake_at AS "handshakeAt", u.endpoint AS "tunnelEndpoint", p.wanted, CASE WHEN p.word_expires_at > ${ctx.now} THEN p.word_expires_at END AS "lineExpiresAt",
           p.fetched_at AS "fetchedAt", p.fetched_version AS "fetchedVersion", p.finished_at AS "finishedAt", p.failed_step AS "failedStep",
           greatest(s.last_access_at, s.last_accounting_at) AS "heardAt"
    FROM nas n LEFT JOIN provisioning_router p ON p.nas_id = n.id LEFT JOIN nas_status s ON s.nas_id = n.id
    LEFT JOIN provisioning_tunnel u ON u.nas_id = n.id WHERE n.id = ${routerId}`;
  return found && { ...found, wanted: readWanted(found.wanted) };
}

export const runKinds = ['self_test', 'plan', 'apply'] as const;
export type RunKind = (typeof runKinds)[number];

/** A self-test, a plan or its application. `result` is what the slice wrote for its kind. */
export interface Run {
  id: string;
  kind: RunKind;
  state: 'running' | 'done' | 'failed';
  result: unknown;
  fault: string | null;
  startedAt: Date;
  finishedAt: Date | null;
}

/** The newest run of a kind, or the one with an id. */
export async function findRun(
  ctx: Context,
  routerId: bigint,
  kinds: readonly RunKind[],
  id?: bigint,
): Promise<Run | undefined> {
  const [found] = await ctx.tx.$queryRaw<Run[]>`
    SELECT r.id::text, r.kind, r.state, r.result, r.fault, r.started_at AS "startedAt", r.finished_at AS "finishedAt" FROM provisioning_run r
    WHERE r.nas_id = ${routerId} AND r.kind = ANY (${kinds}) AND (${id ?? null}::bigint IS NULL OR r.id = ${id ?? null}::bigint) ORDER BY r.id DESC LIMIT 1`;
  return found;
}
