import {
  formatBytes,
  formatCount,
  formatMbps,
  formatMoment,
  formatRate,
  formatSpan,
  proofLine,
  stateBadge,
  withQuery,
} from '../ui';
import type { Proof, Reader, StateBadge, StateName } from '../ui';
import type { AttemptRow, LiveRow, LiveTotals, OrderRow } from './admin.queries';

/** One row as it is printed. */
export interface SessionRow {
  id: string;
  name: string;
  href: string;
  second: string;
  state: StateBadge;
  ip: string;
  mac: string;
  plan: string;
  router: string;
  since: string;
  start: string;
  down: string;
  up: string;
  used: string;
  left: { text: string; tone: string; part: number | null };
  proof: Proof | null;
  gone: boolean;
  mayCut: boolean;
  tint: string;
}

/** States a list may be narrowed to, in the order an operator thinks of them. */
export const LIVE_STATES = ['online', 'grace', 'throttled', 'garden', 'stale'] as const;

/** Prints one session. Figures that the router has not reported yet are a dash, never a zero. */
export function sessionRow(row: LiveRow, proof: Proof | null, reader: Reader, mayCut: boolean): SessionRow {
  const { locale, t } = reader;
  const speeds = speedOf(row, reader);
  return {
    id: row.id.toString(),
    name: row.subscriber ?? (row.username || t('sessions.nobody')),
    href: row.subscriber_id === null ? '' : `/subscribers/${row.subscriber_id}`,
    second: row.subscriber === null ? t('sessions.unknown_login') : row.username,
    state: stateOf(row, reader),
    ip: row.ip ?? '–',
    mac: row.mac ?? '',
    plan: row.plan ?? '–',
    router: row.router ?? t('sessions.router_gone'),
    since: formatSpan((row.stopped_at?.getTime() ?? reader.nowMs) - row.started_at.getTime()),
    start: formatMoment(row.started_at, reader),
    down: speeds ? formatMbps(speeds.down, locale) : '–',
    up: speeds ? formatMbps(speeds.up, locale) : '–',
    used: formatBytes(row.used_bytes ?? row.session_bytes, locale),
    left: leftOf(row, reader),
    proof,
    gone: row.stopped_at !== null,
    mayCut: mayCut && row.stopped_at === null && !proof?.open,
    tint: proof === null ? '' : proof.tone === 'proven' ? 'is-proven' : 'is-asked',
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

function speedOf(row: LiveRow, { nowMs }: Reader): { down: number; up: number } | null {
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

export interface Chosen {
  router: string;
  plan: string;
  state: string;
  q: string;
}

type Named = { id: bigint; name: string };

/** Filters as chips that can be taken off, and the form that adds more. Everything lives in the URL. */
export function filterChips(
  chosen: Chosen,
  choices: { routers: Named[]; plans: Named[] },
  query: URLSearchParams,
  { t }: Reader,
) {
  const nameOf = (list: Named[], id: string) => list.find((one) => one.id.toString() === id)?.name ?? id;
  const chip = (name: 'router' | 'plan' | 'state', value: string) => ({
    label: t(`sessions.${name}`),
    value,
    off: withQuery('/sessions', query, { [name]: null }),
    offLabel: t('ui.filter_off', { name: t(`sessions.${name}`) }),
  });
  const active = [
    ...(chosen.router ? [chip('router', nameOf(choices.routers, chosen.router))] : []),
    ...(chosen.state ? [chip('state', t(`ui.state.${chosen.state}`))] : []),
    ...(chosen.plan ? [chip('plan', nameOf(choices.plans, chosen.plan))] : []),
  ];
  const options = (list: Named[], value: string) => [
    { value: '', label: t('ui.filter_any'), selected: value === '' },
    ...list.map((one) => ({ value: one.id.toString(), label: one.name, selected: one.id.toString() === value })),
  ];
  const states = LIVE_STATES.map((state) => ({
    value: state,
    label: t(`ui.state.${state}`),
    selected: state === chosen.state,
  }));
  return {
    path: '/sessions',
    q: chosen.q,
    findHint: t('sessions.find'),
    kept: (['router', 'plan', 'state'] as const)
      .filter((name) => chosen[name])
      .map((name) => ({ name, value: chosen[name] })),
    active,
    choices: [
      { name: 'router', label: t('sessions.router'), options: options(choices.routers, chosen.router) },
      {
        name: 'state',
        label: t('sessions.state'),
        options: [{ value: '', label: t('ui.filter_any'), selected: !chosen.state }, ...states],
      },
      { name: 'plan', label: t('sessions.plan'), options: options(choices.plans, chosen.plan) },
    ],
    clear: active.length > 0 || chosen.q ? '/sessions' : '',
  };
}
