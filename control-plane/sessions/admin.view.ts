import {
  formatBytes,
  formatCount,
  formatMbps,
  formatMoment,
  formatRate,
  formatSpan,
  proofLine,
  stateBadge,
} from '../ui';
import type { Column, Proof, Reader, RowLook, StateBadge, StateName } from '../ui';
import type { AttemptRow, LiveRow, LiveTotals, OrderRow } from './admin.queries';

/** States a list may be narrowed to, in the order an operator thinks of them. */
export const LIVE_STATES = ['online', 'grace', 'throttled', 'garden', 'stale'] as const;

/** A session as the list shows it, with what became of the last order about it. */
export interface ShownSession extends LiveRow {
  proof: Proof | null;
  mayCut: boolean;
}

/** The columns of the live list. Figures that the router has not reported yet are a dash, never a zero. */
export const liveColumns: Column<ShownSession>[] = [
  {
    key: 'who',
    label: 'subscribers.customer',
    isName: true,
    cell: (row, { t }) => ({
      first: row.subscriber ?? (row.username || t('sessions.nobody')),
      second: row.subscriber === null ? t('sessions.unknown_login') : row.username,
      secondId: true,
      ...(row.subscriber_id === null ? {} : { href: `/subscribers/${row.subscriber_id}` }),
    }),
    csv: (row) => row.subscriber,
  },
  {
    key: 'login',
    label: 'subscriptions.login',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.username, id: true }),
    csv: (row) => row.username,
  },
  {
    key: 'state',
    label: 'sessions.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: stateOf(row, reader) }),
    csv: (row, { nowMs }) => stateName(row, nowMs),
  },
  {
    key: 'address',
    label: 'sessions.address',
    cell: (row) => ({ first: row.ip ?? '–', id: true, second: row.mac ?? '', secondId: true }),
    csv: (row) => row.ip,
  },
  {
    key: 'device',
    label: 'subscribers.device',
    extra: true,
    card: 'not-in-card',
    cell: (row) => ({ first: row.mac ?? '–', id: true }),
    csv: (row) => row.mac,
  },
  {
    key: 'plan',
    label: 'sessions.plan',
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: row.plan ?? '–', second: row.router ?? t('sessions.router_gone') }),
    csv: (row) => row.plan,
  },
  {
    key: 'router',
    label: 'sessions.router',
    extra: true,
    card: 'not-in-card',
    cell: (row, { t }) => ({ first: row.router ?? t('sessions.router_gone') }),
    csv: (row) => row.router,
  },
  {
    key: 'since',
    label: 'sessions.since',
    num: true,
    sorted: true,
    card: 'not-in-card',
    cell: (row, reader) => ({
      first: formatSpan((row.stopped_at?.getTime() ?? reader.nowMs) - row.started_at.getTime()),
      second: formatMoment(row.started_at, reader),
    }),
    csv: (row) => row.started_at.toISOString(),
  },
  {
    key: 'speed',
    label: 'sessions.down_up',
    num: true,
    yields: true,
    card: 'card-end',
    cell(row, reader) {
      const speeds = speedOf(row, reader.nowMs);
      const print = (bps: number | undefined) => (bps === undefined ? '–' : formatMbps(bps, reader.locale));
      return { first: print(speeds?.down), second: print(speeds?.up), strong: true, afterInCard: 'Mbps' };
    },
  },
  {
    key: 'used',
    label: 'sessions.used',
    num: true,
    yields: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatBytes(row.used_bytes ?? row.session_bytes, locale) }),
    csv: (row) => row.used_bytes ?? row.session_bytes,
  },
  {
    key: 'left',
    label: 'sessions.left',
    yields: true,
    cell(row, reader) {
      const { text, tone, part } = leftOf(row, reader);
      return { first: text, tone, bar: { part, tone } };
    },
    csv: (row) => (row.allowance_bytes === null ? null : row.allowance_bytes - (row.used_bytes ?? 0n)),
  },
  {
    key: 'act',
    label: 'sessions.actions',
    acts: true,
    yields: true,
    card: 'card-end',
    cell: (row, { t }) =>
      row.mayCut && row.stopped_at === null && !row.proof?.open
        ? {
            act: {
              to: `/sessions/${row.id}/disconnect`,
              label: t('sessions.cut'),
              spoken: t('sessions.actions_for', {
                name: row.subscriber ?? (row.username || t('sessions.nobody')),
              }),
              consequence: t('sessions.cut_consequence'),
              cut: true,
              inPlace: true,
            },
          }
        : {},
  },
];

/** How a row follows its session: it asks for itself at every step of an order about it. */
export function liveLook({ id, proof, stopped_at }: ShownSession): RowLook {
  const asked = proof === null ? '' : proof.tone === 'proven' ? 'is-proven' : 'is-asked';
  return {
    live: { id: id.toString(), on: `enforcement:${id}`, href: `/sessions/${id}/row` },
    tint: [asked, stopped_at ? 'is-gone' : ''].filter(Boolean).join(' '),
    proof,
  };
}

/** The badge keeps telling the truth: Online until the session is proven gone. */
function stateOf(row: LiveRow, reader: Reader): StateBadge {
  const { t } = reader;
  const name = stateName(row, reader.nowMs);
  const why = {
    stale: t('sessions.why_stale', { span: formatSpan(reader.nowMs - row.updated_at.getTime()) }),
    throttled: t('sessions.why_throttled'),
    garden: t('sessions.why_garden'),
    grace: t('sessions.why_grace'),
  } as Partial<Record<StateName, string>>;
  return stateBadge(name, reader, { why: why[name] });
}

function stateName(row: LiveRow, nowMs: number): StateName {
  if (row.stopped_at) return 'offline';
  if (nowMs - row.updated_at.getTime() > (2 * (row.interim_s ?? 300) + 30) * 1000) return 'stale';
  if (row.mode === 'garden') return 'garden';
  if (row.mode === 'throttled' || row.state === 'throttled') return 'throttled';
  return row.state === 'grace' ? 'grace' : 'online';
}

function speedOf(row: LiveRow, nowMs: number): { down: number; up: number } | null {
  if (row.stopped_at || row.delta_s === null || row.delta_s <= 0n || stateName(row, nowMs) === 'stale') return null;
  const seconds = Number(row.delta_s);
  const rate = (bytes: bigint | null) => (Math.max(0, Number(bytes ?? 0n)) * 8) / seconds;
  return { down: rate(row.delta_output), up: rate(row.delta_input) };
}

/** What is left of the allowance: amber below a tenth, red when used up. */
export function leftOf(
  row: { used_bytes: bigint | null; allowance_bytes: bigint | null },
  { locale, t }: Reader,
): { text: string; tone: string; part: number | null } {
  if (row.allowance_bytes === null || row.used_bytes === null) return { text: t('ui.no_limit'), tone: '', part: null };
  const left = row.allowance_bytes - row.used_bytes;
  if (left <= 0n) return { text: t('ui.used_up'), tone: 'bad', part: 0 };
  const part = Number(left) / Number(row.allowance_bytes);
  return { text: formatBytes(left, locale), tone: part < 0.1 ? 'warn' : '', part };
}

/** Proof lines by enforcement id. */
export function proofsOf(orders: OrderRow[], attempts: AttemptRow[], reader: Reader): Map<bigint, Proof> {
  return new Map(
    orders.map((order) => {
      const own = attempts.filter((attempt) => attempt.enforcement_id === order.id);
      return [
        order.id,
        proofLine(
          {
            id: order.id.toString(),
            kind: order.kind,
            state: order.state,
            askedAt: order.created_at,
            provenAt: order.proven_at ?? undefined,
            attempts: own.map((attempt) => ({
              via: attempt.via,
              outcome: attempt.outcome,
              ms: attempt.ms,
              errorCause: attempt.error_cause === null ? undefined : causeWords(attempt.error_cause, reader),
            })),
          },
          reader,
        ),
      ];
    }),
  );
}

/** Error-Cause values of RFC 5176 section 3.5 that routers send; any other is printed as its number. */
const CAUSES = [401, 402, 403, 404, 405, 501, 502, 503, 504, 505, 506];

function causeWords(cause: number, { t }: Reader): string {
  return CAUSES.includes(cause) ? `${cause} ${t(`sessions.cause_${cause}`)}` : String(cause);
}

/** The line beside the title: how many of how many, and what flows. */
export function totalsLine(
  totals: LiveTotals,
  { locale, t }: Reader,
): { count: string; of: string; down: string; up: string } {
  const filtered = totals.matching !== totals.online;
  return {
    count: formatCount(totals.matching, locale),
    of: filtered ? t('sessions.of', { total: formatCount(totals.online, locale) }) : '',
    down: formatRate(totals.down_bps, locale),
    up: formatRate(totals.up_bps, locale),
  };
}
