import Handlebars from 'handlebars';

/*
 * Server-drawn SVG. Positions are percentages and attributes, never inline styles: the content security policy forbids those.
 * Shapes stretch inside a nested svg without aspect ratio while text and dots, which stand outside it, keep their form.
 */

const escape = (text: string) => Handlebars.escapeExpression(text);
const round = (value: number) => Math.round(value * 10) / 10;

/** A point of a series; null is a moment nobody measured and breaks the line. */
export type Point = number | null;

export interface Tick {
  /** Position on the axis, 0 to 1. */
  at: number;
  label: string;
}

export interface Curve {
  values: Point[];
  /** The same span a day or a week earlier, drawn dotted. */
  ghost?: Point[];
  /** How much of the axis `values` covers, 0 to 1: a day that is not over ends before the edge. */
  until?: number;
  ticks: Tick[];
  formatValue: (value: number) => string;
}

/** A time series with its grid, a dot at now and an optional dotted comparison. Fewer than two measured points give ''. */
export function curve({ values, ghost, until = 1, ticks, formatValue }: Curve): string {
  const measured = values.filter((value) => value !== null);
  if (measured.length < 2) return '';
  const top = niceTop(Math.max(1, ...measured, ...(ghost ?? []).filter((value) => value !== null)));
  const plot = 84; // per cent of the height; the rest holds the labels of the axis
  const y = (value: number) => round(plot - (value / top) * (plot - 6));
  const grid = [0.5, 1].map((part) => part * top);
  const last = values.findLastIndex((value) => value !== null);
  const span = Math.max(1, values.length - 1);
  const lines = grid.map((value) => {
    const at = y(value);
    return `<line class="chart-grid" x1="0" x2="100%" y1="${at}%" y2="${at}%"/>`;
  });
  // Over the area, which would hide them.
  const figures = grid.map((value) => `<text x="0" y="${y(value)}%" dy="-4">${escape(formatValue(value))}</text>`);
  const labels = ticks.map(({ at, label }) => {
    const anchor = at <= 0.01 ? 'start' : at >= 0.99 ? 'end' : 'middle';
    return `<text x="${round(at * 100)}%" y="98%" text-anchor="${anchor}">${escape(label)}</text>`;
  });
  const shape = `<svg width="100%" height="100%" viewBox="0 0 1000 100" preserveAspectRatio="none">${
    area(values, until, y, plot) +
    (ghost ? path('chart-ghost', ghost, 1, y) : '') +
    path('chart-line', values, until, y)
  }</svg>`;
  const dot = `<circle class="chart-now" r="4.5" cx="${round((last / span) * until * 100)}%" cy="${y(values[last] ?? 0)}%"/>`;
  const axis = `<line class="chart-axis" x1="0" x2="100%" y1="${plot}%" y2="${plot}%"/>`;
  return `<svg class="chart" aria-hidden="true" focusable="false">${lines.join('')}${shape}${axis}${figures.join('')}${labels.join('')}${dot}</svg>`;
}

/** A line of a few points for a table row. Fewer than two measured points give ''. */
export function sparkline(values: Point[]): string {
  const measured = values.filter((value) => value !== null);
  if (measured.length < 2) return '';
  const top = Math.max(1, ...measured);
  const y = (value: number) => round(95 - (value / top) * 85);
  return `<svg class="spark" aria-hidden="true" viewBox="0 0 1000 100" preserveAspectRatio="none">${
    area(values, 1, y, 100) + path('chart-line', values, 1, y)
  }</svg>`;
}

export type Tone = 'good' | 'warn' | 'bad' | '';

/** A level bar; `part` is 0 to 1 and is held inside that. A figure always stands beside it. */
export function bar(part: number, tone: Tone = '', wide = false): string {
  const width = round(Math.min(1, Math.max(0, part)) * 100);
  const classes = ['bar', wide ? 'is-wide' : '', tone ? `is-${tone}` : ''].filter(Boolean).join(' ');
  return `<svg class="${classes}" aria-hidden="true"><rect class="bar-track" width="100%" height="100%" rx="1"/><rect class="bar-fill" width="${width}%" height="100%" rx="1"/></svg>`;
}

/** The arch of a router, filled from the floor to `part` (0 to 1) with its number inside; `null` part stays empty, down is crossed. */
export function routerArch(part: number | null, number: string, down: boolean, clip: string): string {
  const shape = 'M2 53V22a20 20 0 0 1 40 0v31z';
  const height = round((part ?? 0) * 51);
  const load =
    down || part === null
      ? ''
      : `<rect class="arcade-load" x="2" y="${round(53 - height)}" width="40" height="${height}" clip-path="url(#${clip})"/>`;
  const inside = down
    ? '<path class="arcade-cross" d="m16 29 12 12M28 29 16 41"/>'
    : `<text class="arcade-number" x="22" y="40">${escape(number)}</text>`;
  return (
    `<svg viewBox="0 0 44 54" aria-hidden="true"><clipPath id="${clip}"><path d="${shape}"/></clipPath>` +
    `<path class="arcade-wall" d="${shape}"/>${load}${inside}</svg>`
  );
}

function coordinates(values: Point[], until: number, y: (value: number) => number): [x: number, y: number][][] {
  const runs: [number, number][][] = [[]];
  const span = Math.max(1, values.length - 1);
  values.forEach((value, index) => {
    if (value === null) runs.push([]);
    else runs.at(-1)?.push([round((index / span) * until * 1000), y(value)]);
  });
  return runs.filter((run) => run.length > 0);
}

function path(name: string, values: Point[], until: number, y: (value: number) => number): string {
  const d = coordinates(values, until, y)
    .map((run) => `M${run.map(([px, py]) => `${px} ${py}`).join('L')}`)
    .join('');
  return `<path class="${name}" d="${d}"/>`;
}

function area(values: Point[], until: number, y: (value: number) => number, floor: number): string {
  const d = coordinates(values, until, y)
    .map(
      (run) =>
        `M${run[0]?.[0] ?? 0} ${floor}L${run.map(([px, py]) => `${px} ${py}`).join('L')}L${run.at(-1)?.[0] ?? 0} ${floor}Z`,
    )
    .join('');
  return `<path class="chart-area" d="${d}"/>`;
}

/** The next round number whose half is round too, so that both grid lines carry an honest label. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value) ?? 10;
  return Math.max(2, step * power);
}
