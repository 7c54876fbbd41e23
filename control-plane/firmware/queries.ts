import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { cursorId, pageOf, type Page } from '../platform/http/input';
import type { Step } from './advance';
import type { Fault } from './words';

export const standings = ['newer', 'current', 'unknown', 'under_way', 'failed'] as const;
/** How a router stands: a newer version is there, none is, nobody knows, it is being upgraded, its last upgrade failed. */
export type Standing = (typeof standings)[number];

export interface FirmwareRow {
  router_id: string;
  router: string;
  has_api: boolean;
  standing: Standing;
  installed: string;
  latest: string;
  channel: string;
  board_installed: string;
  board_latest: string;
  checked_at: string | null;
  fault: Fault | null;
  fault_words: string;
}

export interface FirmwareFilter {
  routerId?: bigint | undefined;
  standing?: Standing | undefined;
  version?: string | undefined;
  q?: string | undefined;
  cursor?: string | undefined;
  limit: number;
}

type Row = Omit<FirmwareRow, 'router_id' | 'checked_at'> & { id: bigint; checked_at: Date | null };

/** Monitoring hears the version every half minute, the question about newer ones is asked once a night. */
const INSTALLED = Prisma.sql`coalesce(nullif(split_part(m.facts->>'version', ' ', 1), ''), k.installed, '')`;
const STANDING = Prisma.sql`CASE WHEN r.state IN ('waiting', 'running') THEN 'under_way' WHEN r.state = 'failed' THEN 'failed'
  WHEN coalesce(k.latest, '') = '' THEN 'unknown' WHEN k.latest <> ${INSTALLED} OR k.board_latest <> k.board_installed THEN 'newer' ELSE 'current' END`;

/** Routers that can be asked, with what they run. The newest first. */
export async function listFirmware(ctx: Context, filter: FirmwareFilter): Promise<Page<FirmwareRow>> {
  const all: Prisma.Sql[] = [Prisma.sql`n.tenant_id = ${ctx.tenantId}`, Prisma.sql`n.type = 'mikrotik'`];
  if (filter.routerId !== undefined) all.push(Prisma.sql`n.id = ${filter.routerId}`);
  if (filter.standing) all.push(Prisma.sql`${STANDING} = ${filter.standing}`);
  if (filter.version) all.push(Prisma.sql`${INSTALLED} = ${filter.version}`);
  if (filter.q) all.push(Prisma.sql`strpos(lower(n.name), lower(${filter.q})) > 0`);
  const before = cursorId(filter.cursor);
  if (before !== undefined) all.push(Prisma.sql`n.id < ${before}`);
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT n.id, n.name AS router, n.api_username IS NOT NULL AND n.api_password_enc IS NOT NULL AS has_api, ${STANDING} AS standing, ${INSTALLED} AS installed,
           coalesce(k.latest, '') AS latest, coalesce(k.channel, '') AS channel, coalesce(k.board_installed, '') AS board_installed,
           coalesce(k.board_latest, '') AS board_latest, k.checked_at, k.fault, coalesce(k.fault_words, '') AS fault_words
    FROM nas n LEFT JOIN firmware_known k ON k.nas_id = n.id LEFT JOIN monitoring_state m ON m.nas_id = n.id
    LEFT JOIN LATERAL (SELECT u.state FROM firmware_run u WHERE u.nas_id = n.id ORDER BY u.id DESC LIMIT 1) r ON true
    WHERE ${Prisma.join(all, ' AND ')} ORDER BY n.id DESC LIMIT ${filter.limit + 1}`;
  return pageOf(
    rows,
    filter.limit,
    (row) => row.id,
    ({ id, checked_at, ...row }) => ({
      ...row,
      router_id: id.toString(),
      checked_at: checked_at?.toISOString() ?? null,
    }),
  );
}

/** How many routers run each version, the most common first. */
export function countVersions(ctx: Context): Promise<{ version: string; routers: number }[]> {
  return ctx.tx.$queryRaw<{ version: string; routers: number }[]>`
    SELECT ${INSTALLED} AS version, count(*)::int AS routers
    FROM nas n LEFT JOIN firmware_known k ON k.nas_id = n.id LEFT JOIN monitoring_state m ON m.nas_id = n.id
    WHERE n.tenant_id = ${ctx.tenantId} AND n.type = 'mikrotik' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50`;
}

export interface Run {
  id: string;
  batch: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'stopped';
  step: Step;
  step_at: Date;
  board: boolean;
  version_before: string;
  version_wanted: string;
  version_after: string;
  board_before: string;
  board_after: string;
  fault: Fault | null;
  fault_words: string;
  asked_at: Date;
  asked_by: string;
  finished_at: Date | null;
}

const RUNS_SHOWN = 10;

/** The newest upgrades of a router. */
export function listRuns(ctx: Context, routerId: bigint): Promise<Run[]> {
  return ctx.tx.$queryRaw<Run[]>`
    SELECT id::text, batch::text, state, step, step_at, board, version_before, version_wanted, version_after, board_before, board_after, fault, fault_words, asked_at, asked_by, finished_at
    FROM firmware_run r WHERE nas_id = ${routerId} ORDER BY r.id DESC LIMIT ${RUNS_SHOWN}`;
}
