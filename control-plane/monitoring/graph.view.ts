import { curve, formatClock, formatCount, formatDay, formatDeadline, formatMoment, formatRate, sparkline } from '../ui';
import type { Reader } from '../ui';
import type { Sample, Span } from './queries';
import { pointSeconds, SPANS } from './queries';

/** What can be drawn of a router. One at a time: the others stand beside it, small, with their last value. */
export const figures = ['throughput', 'sessions', 'cpu', 'memory', 'temperature'] as const;
export type Figure = (typeof figures)[number];

/** How a figure is read from a sample: what is drawn first, what hangs below the axis or stands beside it in the table, and in which unit. */
interface Reading {
  unit: 'rate' | 'count' | 'percent' | 'celsius';
  columns: { label: string; of: (sample: Sample) => number | null }[];
  /** The second column is drawn too, below the axis. */
  below?: true;
}

const READINGS: Record<Figure, Reading> = {
  throughput: {
    unit: 'rate',
    columns: [
      { label: 'monitoring.comes_in', of: (sample) => sample.rx_bps },
      { label: 'monitoring.goes_out', of: (sample) => sample.tx_bps },
    ],
    below: true,
  },
  sessions: { unit: 'count', columns: [{ label: 'monitoring.figure_sessions', of: (sample) => sample.sessions }] },
  cpu: {
    unit: 'percent',
    columns: [
      { label: 'monitoring.figure_cpu', of: (sample) => sample.cpu },
      { label: 'monitoring.peak', of: (sample) => sample.cpu_max },
    ],
  },
  memory: { unit: 'percent', columns: [{ label: 'monitoring.figure_memory', of: (sample) => sample.memory }] },
  temperature: {
    unit: 'celsius',
    columns: [{ label: 'monitoring.figure_temperature', of: (sample) => sample.temperature }],
  },
};

function print(value: number, unit: Reading['unit'], { locale }: Reader): string {
  if (unit === 'rate') return formatRate(value, locale);
  if (unit === 'celsius') return `${Math.round(value)} °C`;
  return unit === 'percent' ? `${Math.round(value)} %` : formatCount(Math.round(value), locale);
}

interface Slot {
  at_s: number;
  sample: Sample | undefined;
}

/** Every point of a span, measured or not, the oldest first. The one under way counts only once it has something. */
function slotsOf(samples: readonly Sample[], span: Span, port: string | undefined, nowMs: number): Slot[] {
  const point = pointSeconds(span, port);
  const count = Math.round(SPANS[span].seconds / point);
  const last = Math.floor(nowMs / 1000 / point) * point;
  const at = new Map(samples.map((sample) => [sample.at.getTime() / 1000, sample]));
  const slots = Array.from({ length: count }, (_, n) => {
    const at_s = last - (count - 1 - n) * point;
    return { at_s, sample: at.get(at_s) };
  });
  return slots.at(-1)?.sample === undefined ? slots.slice(0, -1) : slots;
}

/** Each figure that was measured at all, with its last value and a small curve: what one chooses by. */
export function picksOf(samples: readonly Sample[], span: Span, reader: Reader) {
  const slots = slotsOf(samples, span, undefined, reader.nowMs);
  return figures.flatMap((figure) => {
    const { columns, unit } = READINGS[figure];
    const values = slots.map(({ sample }) => (sample === undefined ? null : (columns[0]?.of(sample) ?? null)));
    const last = values.findLast((value) => value !== null);
    if (last === undefined || last === null) return [];
    return [
      {
        figure,
        title: reader.t(`monitoring.figure_${figure}`),
        now: print(last, unit, reader),
        svg: sparkline(values),
      },
    ];
  });
}

/**
 * One figure over a span as the rows of a table, the newest first; the page's script draws the same rows as a graph. What nobody measured is a row of its own,
 * from when to when: a router that was away is never drawn like one that carried nothing. Undefined: nothing was measured.
 */
export function graphOf(
  samples: readonly Sample[],
  { span, figure, port }: { span: Span; figure: Figure; port: string | undefined },
  reader: Reader,
) {
  const { columns, unit, below } = READINGS[figure];
  const point = pointSeconds(span, port);
  const slots = slotsOf(samples, span, port, reader.nowMs);
  const valuesOf = ({ sample }: Slot): (number | null)[] => columns.map(({ of }) => (sample ? of(sample) : null));
  const measured = slots.flatMap((slot) => valuesOf(slot)[0] ?? []);
  const [now, most] = [measured.at(-1), Math.max(...measured)];
  if (now === undefined) return undefined;
  const rows: {
    at: number;
    until?: number;
    time: string;
    values?: string;
    cells?: { label: string; text: string }[];
  }[] = [];
  for (const slot of slots) {
    const values = valuesOf(slot);
    const before = rows.at(-1);
    const time = clockOf(slot.at_s, span, reader);
    if (values[0] !== null) {
      const cells = values.map((value, n) => ({
        label: reader.t(columns[n]?.label ?? ''),
        text: value === null ? '–' : print(value, unit, reader),
      }));
      rows.push({ at: slot.at_s, time, values: values.map((value) => round(value ?? 0)).join(' '), cells });
    } else if (before?.until !== undefined) before.until = slot.at_s + point;
    else rows.push({ at: slot.at_s, until: slot.at_s + point, time });
  }
  for (const row of rows) if (row.until !== undefined) row.time += ` – ${clockOf(row.until, span, reader)}`;
  return {
    title: reader.t(`monitoring.figure_${figure}`),
    port,
    now: print(now, unit, reader),
    most: reader.t('monitoring.most', { value: print(most, unit, reader) }),
    unit,
    below,
    from: slots[0]?.at_s,
    to: slots.at(-1)?.at_s,
    zone: reader.zone,
    columns: columns.map(({ label }) => ({ label: reader.t(label) })),
    rows: rows.reverse(),
    // What stands there until the script has drawn, and for good where there is none.
    curves: columns.slice(0, below ? 2 : 1).map(({ label, of }) => ({
      label: reader.t(label),
      svg: curve({
        values: slots.map(({ sample }) => (sample ? of(sample) : null)),
        ticks: [0, 0.5, 1].map((part) => ({
          at: part,
          label: formatMoment(new Date(reader.nowMs - (1 - part) * SPANS[span].seconds * 1000), reader),
        })),
        formatValue: (value) => print(value, unit, reader),
      }),
    })),
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** A moment of a row, as exact as the points of its span are apart. */
function clockOf(at_s: number, span: Span, reader: Reader): string {
  const at = new Date(at_s * 1000);
  if (span === 'hour') return formatClock(at, reader);
  if (span === 'day') return formatMoment(at, reader);
  return span === 'week' || span === 'month'
    ? formatDeadline(at, reader)
    : formatDay(at, reader, { dateStyle: 'medium' });
}
