import type { Port, Reading } from './reading';

export const alertKinds = [
  'down',
  'refused',
  'cpu',
  'memory',
  'temperature',
  'disk',
  'interface',
  'clock',
  'sessions',
  /** Not of a round: rotation/tasks.ts opens and closes it. */
  'rotation',
] as const;
export type AlertKind = (typeof alertKinds)[number];

/** From when on a company wants to hear of it. */
export interface Limits {
  cpu_percent: number;
  memory_percent: number;
  disk_percent: number;
  temperature_c: number;
}
export const usualLimits: Limits = { cpu_percent: 90, memory_percent: 92, disk_percent: 95, temperature_c: 75 };

/** What is open, or is to be opened or closed; `subject` is the interface where it is one. */
export interface Alert {
  kind: AlertKind;
  subject: string;
  value: string;
}

/** Rounds in a row that a condition has held (above 0) or has not (below 0), by `kind subject`. */
export type Watch = Record<string, number>;

export interface Known {
  watch: Watch;
  opened: readonly { kind: string; subject: string }[];
  ports: readonly Port[];
  /** People online now, and the mean of five minutes before. */
  sessions: number;
  sessionsBefore: number | undefined;
  limits: Limits;
}

export type Seen =
  | { kind: 'read'; reading: Reading }
  | { kind: 'refused'; words: string }
  | { kind: 'away'; words: string }
  /** Without an API: silent while people are online, or heard. */
  | { kind: 'silent' }
  | { kind: 'heard' };

/**
 * Rounds of half a minute that a condition must hold before somebody is told, and must not hold before it is over. What is worse than a limit
 * opens, what is well below it closes, and between the two nothing changes: a router at its limit says one thing and not one a minute.
 */
const ROUNDS: Record<AlertKind, [open: number, close: number]> = {
  down: [3, 2],
  refused: [2, 2],
  cpu: [10, 10],
  memory: [10, 10],
  temperature: [4, 10],
  disk: [4, 4],
  interface: [2, 2],
  clock: [3, 3],
  sessions: [2, 4],
  rotation: [1, 1],
};
/** How far below its limit a figure must be to count as well again. */
const MARGIN = 5;
const CLOCK_OFF_S = 120;
/** A fall counts from this many people on: of three, two go to bed. */
const SESSIONS_AT_LEAST = 10;

interface Condition extends Alert {
  bad: boolean;
  well: boolean;
}

/** What a round changes: pure, so that every threshold can be tried without a router. */
export function judge(seen: Seen, known: Known): { watch: Watch; open: Alert[]; close: Alert[] } {
  const watch: Watch = {};
  const open: Alert[] = [];
  const close: Alert[] = [];
  const isOpen = (one: Alert): boolean =>
    known.opened.some(({ kind, subject }) => kind === one.kind && subject === one.subject);
  for (const { bad, well, ...alert } of conditions(seen, known)) {
    const key = `${alert.kind} ${alert.subject}`.trim();
    const before = known.watch[key] ?? 0;
    const count = bad ? Math.max(0, before) + 1 : well ? Math.min(0, before) - 1 : before;
    const [toOpen, toClose] = ROUNDS[alert.kind];
    if (count >= toOpen && !isOpen(alert)) open.push(alert);
    if (count <= -toClose && isOpen(alert)) close.push(alert);
    // Only what is on its way is kept: the row stays small.
    if (count > 0 || (count < 0 && isOpen(alert) && count > -toClose)) watch[key] = Math.min(count, toOpen);
  }
  // What cannot be judged now keeps its count: a router that is away says nothing of its heat.
  for (const [key, count] of Object.entries(known.watch)) if (!(key in watch) && !judged(seen, key)) watch[key] = count;
  return { watch, open, close };
}

function judged(seen: Seen, key: string): boolean {
  return seen.kind === 'read' || key === 'down' || key === 'refused';
}

function conditions(seen: Seen, known: Known): Condition[] {
  const reach = (kind: 'down' | 'refused', bad: boolean, value: string): Condition => ({
    kind,
    subject: '',
    value,
    bad,
    well: !bad,
  });
  const away = seen.kind === 'away' || seen.kind === 'silent';
  const found = [
    reach('down', away, seen.kind === 'away' ? seen.words : ''),
    reach('refused', seen.kind === 'refused', seen.kind === 'refused' ? seen.words : ''),
  ];
  if (seen.kind !== 'read') return found;
  const { reading } = seen;
  const { limits } = known;
  const above = (kind: AlertKind, value: number | undefined, limit: number, unit: string): Condition[] =>
    value === undefined
      ? []
      : [
          {
            kind,
            subject: '',
            value: `${Math.round(value)}${unit}`,
            bad: value >= limit,
            well: value < limit - MARGIN,
          },
        ];
  return [
    ...found,
    ...above('cpu', reading.cpu, limits.cpu_percent, ' %'),
    ...above('memory', reading.memory, limits.memory_percent, ' %'),
    ...above('disk', reading.disk, limits.disk_percent, ' %'),
    ...above('temperature', reading.temperature, limits.temperature_c, ' °C'),
    ...clockOf(reading.clockOff_s),
    ...portsOf(reading.ports, known),
    ...sessionsOf(known),
  ];
}

function clockOf(off_s: number | undefined): Condition[] {
  if (off_s === undefined) return [];
  const off = Math.abs(off_s);
  return [{ kind: 'clock', subject: '', value: `${off_s} s`, bad: off >= CLOCK_OFF_S, well: off < CLOCK_OFF_S / 2 }];
}

/** An interface that ran and does not any more. One that was never plugged, or that somebody switched off, is nobody's alarm. */
function portsOf(ports: readonly Port[], known: Known): Condition[] {
  return ports.flatMap((port): Condition[] => {
    const key = `interface ${port.name}`;
    const ran = known.ports.some(({ name, running }) => name === port.name && running);
    const watched = ran || (known.watch[key] ?? 0) > 0;
    const open = known.opened.some(({ kind, subject }) => kind === 'interface' && subject === port.name);
    if (!watched && !open) return [];
    return [
      {
        kind: 'interface',
        subject: port.name,
        value: '',
        bad: !port.running && !port.disabled,
        well: port.running || port.disabled,
      },
    ];
  });
}

function sessionsOf({ sessions, sessionsBefore, opened }: Known): Condition[] {
  const open = opened.some(({ kind }) => kind === 'sessions');
  if (!open && (sessionsBefore === undefined || sessionsBefore < SESSIONS_AT_LEAST)) return [];
  const before = sessionsBefore ?? 0;
  const fell = sessions < before / 2;
  return [{ kind: 'sessions', subject: '', value: `${sessions} / ${Math.round(before)}`, bad: fell, well: !fell }];
}
