// Draws the rows of a table of measured values as a graph (uPlot), so that both always say the same. The table stands below, folded; a row without values
// is a time that nobody measured, and is drawn as a grey hole. Arrows walk the points, + and - zoom, Escape shows all again; a drag zooms too.
const host = document.querySelector('[data-plot]');
const body = document.querySelector('[data-plot-rows] tbody');
const said = document.querySelector('[data-plot-said]');
const { unit, zone, below } = host?.dataset ?? {};
const ends = [Number(host?.dataset.from), Number(host?.dataset.to)];
const language = document.documentElement.lang;

// Oldest first. A hole has a point at each of its ends, both without a value.
const points = [...(body?.rows ?? [])].reverse().flatMap((row) => {
  const { at, until, values } = row.dataset;
  if (values === undefined) return [Number(at), Number(until) - 1].map((time) => ({ time, row }));
  const [up, down] = values.split(' ').map(Number);
  return [{ time: Number(at), row, up, down: -down }];
});
const holes = points.filter(({ row }) => row.dataset.until).map(({ row }) => [row.dataset.at, row.dataset.until]);

const SCALES = ['', 'k', 'M', 'G'];
const printed = (value) => {
  const size = Math.abs(value);
  if (unit === 'percent') return `${size} %`;
  if (unit === 'celsius') return `${value} °C`;
  const power = unit === 'rate' && size >= 1000 ? Math.min(3, Math.floor(Math.log10(size) / 3)) : 0;
  return `${Math.round((size / 1000 ** power) * 100) / 100}${unit === 'rate' ? ` ${SCALES[power]}bps` : ''}`;
};

const moment = (options) =>
  new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, { timeZone: zone, ...options });
const clock = moment({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = moment({ day: 'numeric', month: 'short' });
const month = moment({ month: 'short', year: 'numeric' });
const labels = (_, splits, _axis, _space, step) =>
  splits.map((time) => {
    const at = new Date(time * 1000);
    if (step >= 28 * 86400) return month.format(at);
    const hour = clock.format(at);
    return step >= 86400 || hour === '00:00' ? day.format(at) : hour;
  });

// A role of colour as the canvas can take it: what the page computes of it, in the theme of this moment.
const tone = (role) => {
  host.style.color = `var(--${role})`;
  const { color } = getComputedStyle(host);
  host.style.color = '';
  return color;
};

let plot;
let at = -1;

const tell = (index) => {
  at = index;
  const { row, time } = points[index];
  const text = [...row.cells].map((cell) => cell.textContent).join(' · ');
  said.textContent = text;
  host.setAttribute('aria-valuenow', time);
  host.setAttribute('aria-valuetext', text);
};

const last = () =>
  Math.max(
    0,
    points.findLastIndex(({ row }) => row.dataset.values !== undefined),
  );

// Points between two holes, which no line would show.
const alone = (u, side) =>
  points.flatMap((_, index) => {
    const near = [u.data[side][index - 1], u.data[side][index + 1]];
    return u.data[side][index] !== null && near.every((value) => value === null || value === undefined) ? [index] : [];
  });

// The holes, under everything.
const shade = (u, colour) => {
  const { left, top, width, height } = u.bbox;
  u.ctx.fillStyle = colour;
  for (const sides of holes) {
    const [from, to] = sides.map((time) => Math.min(left + width, Math.max(left, u.valToPos(Number(time), 'x', true))));
    u.ctx.fillRect(from, top, to - from, height);
  }
};

const heights = (min, max) => {
  if (unit === 'percent') return [0, 100];
  const most = Math.max(Math.abs(min ?? 0), Math.abs(max ?? 0), unit === 'rate' ? 1000 : 1);
  return [Math.min(0, (min ?? 0) * 1.25), Math.max((max ?? 0) * 1.1, most / 10)];
};

const draw = () => {
  plot?.destroy();
  host.replaceChildren();
  const [ink, rule, hole, line] = [tone('ink-2'), tone('rule'), tone('sunken'), tone('flow')];
  const axis = {
    stroke: ink,
    grid: { stroke: rule, width: 1 },
    ticks: { show: false },
    font: `11px ${getComputedStyle(host).fontFamily}`,
  };
  const series = (fill, side) => ({
    stroke: line,
    width: 2,
    fill: tone(fill),
    points: { show: true, size: 5, fill: line, filter: (u) => alone(u, side) },
  });
  plot = new uPlot(
    {
      width: host.clientWidth,
      height: host.clientHeight,
      legend: { show: false },
      tzDate: (time) => uPlot.tzDate(new Date(time * 1000), zone),
      cursor: {
        y: false,
        drag: { x: true, y: false },
        points: { size: 9, width: 1.5, stroke: tone('ink'), fill: tone('now') },
      },
      scales: {
        x: { time: true, range: (_, min, max) => [min, max] },
        y: {
          range: (_, min, max) => heights(min, max),
        },
      },
      axes: [
        { ...axis, values: labels, space: 64, size: 28 },
        { ...axis, values: (_, splits) => splits.map(printed), size: unit === 'rate' ? 66 : 46, space: 36 },
      ],
      series: below === undefined ? [{}, series('flow-soft', 1)] : [{}, series('flow-soft', 1), series('flow-fill', 2)],
      hooks: {
        drawClear: [(u) => shade(u, hole)],
        setCursor: [(u) => tell(u.cursor.idx ?? last())],
      },
    },
    [
      points.map(({ time }) => time),
      points.map(({ up }) => up ?? null),
      ...(below === undefined ? [] : [points.map(({ down }) => down ?? null)]),
    ],
    host,
  );
  span(...ends);
  tell(last());
};

// At once: what follows asks where a moment stands.
const span = (min, max) => plot.batch(() => plot.setScale('x', { min, max }));

const walk = (index) => {
  const to = Math.min(points.length - 1, Math.max(0, index));
  const { time } = points[to];
  const { min, max } = plot.scales.x;
  if (time < min || time > max) span(time - (max - min) / 2, time + (max - min) / 2);
  plot.setCursor({ left: plot.valToPos(time, 'x'), top: plot.over.clientHeight / 2 });
  tell(to);
};

const zoom = (by) => {
  const { time } = points[at];
  const half = ((plot.scales.x.max - plot.scales.x.min) / 2) * by;
  const whole = ends[1] - ends[0];
  if (half * 2 >= whole) span(...ends);
  else if (half * 2 > whole / 100) span(time - half, time + half);
};

const KEYS = {
  ArrowLeft: (event) => walk(at - (event.shiftKey ? 10 : 1)),
  ArrowRight: (event) => walk(at + (event.shiftKey ? 10 : 1)),
  Home: () => walk(0),
  End: () => walk(points.length - 1),
  '+': () => zoom(0.5),
  '-': () => zoom(2),
  Escape: () => span(...ends),
};

if (host && points.length > 1) {
  for (const [name, value] of [
    ['role', 'slider'],
    ['tabindex', '0'],
    ['aria-valuemin', ends[0]],
    ['aria-valuemax', ends[1]],
  ])
    host.setAttribute(name, value);
  host.setAttribute('aria-label', host.dataset.label);
  host.classList.add('is-drawn');
  draw();
  host.addEventListener('keydown', (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
  let { clientWidth } = host;
  new ResizeObserver(() => {
    if (host.clientWidth === clientWidth) return;
    ({ clientWidth } = host);
    plot.setSize({ width: clientWidth, height: host.clientHeight });
  }).observe(host);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
}
