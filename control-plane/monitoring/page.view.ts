import { curve, formatCount, formatMoment, formatSpan, stateBadge } from '../ui';
import type { Reader, Tick } from '../ui';
import type { RouterNow, Sample, Span } from './queries';
import { SPANS } from './queries';

/** Bits a second in the largest unit that leaves something before the point. */
export function formatRate(bps: number): string {
  const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'];
  let value = bps;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Math.round(value * 10) / 10} ${units[unit]}`;
}

export function nowBadge(now: RouterNow | undefined, reader: Reader) {
  const { t, nowMs } = reader;
  if (now === undefined) return stateBadge('unknown', reader, { why: t('monitoring.why_never') });
  const span = formatSpan(nowMs - now.since.getTime());
  const word = t(`monitoring.is_${now.state}`);
  const why = [t(`monitoring.why_${now.state}`, { span }), now.fault ?? ''].filter((text) => text !== '').join(' ');
  if (now.state === 'up' || now.state === 'heard') return stateBadge('up', reader, { word, why });
  return stateBadge('silent', reader, { word, why });
}

/** The strip: what a call at night asks first. */
export function stripOf(now: RouterNow | undefined, reader: Reader) {
  const { t } = reader;
  const facts = now?.facts ?? {};
  const part = (value: number | undefined | null): string =>
    value === undefined || value === null ? '–' : `${Math.round(value)} %`;
  return {
    cpu: part(facts.cpu),
    memory: t('monitoring.memory_of', { part: part(facts.memory) }),
    temperature:
      facts.temperature === undefined || facts.temperature === null ? '–' : `${Math.round(facts.temperature)} °C`,
    disk: t('monitoring.disk_of', { part: part(facts.disk) }),
    version: facts.version ?? '–',
    board: facts.board ?? '',
    uptime: typeof facts.uptime_s === 'number' ? formatSpan(facts.uptime_s * 1000) : '–',
    clock:
      typeof facts.clockOff_s === 'number' ? t('monitoring.clock_off', { seconds: Math.abs(facts.clockOff_s) }) : '',
    asked: now ? t('monitoring.asked', { at: formatMoment(now.asked_at, reader) }) : t('monitoring.never_asked'),
  };
}

export function portsOf(now: RouterNow | undefined, { t }: Reader) {
  return (now?.ports ?? []).map((port) => {
    const [rx, tx] = now?.facts.rates?.[port.name] ?? [undefined, undefined];
    return {
      name: port.name,
      state: t(`monitoring.port_${port.disabled ? 'off' : port.running ? 'runs' : 'down'}`),
      rx: rx === undefined ? '–' : formatRate(rx),
      tx: tx === undefined ? '–' : formatRate(tx),
    };
  });
}

const figures = ['rx_bps', 'tx_bps', 'cpu', 'memory', 'temperature', 'sessions'] as const;

/** One curve for each figure that was measured, with its last and its greatest value in words beside it. */
export function chartsOf(samples: readonly Sample[], span: Span, reader: Reader) {
  const { seconds, point_s: point } = SPANS[span];
  const count = Math.round(seconds / point);
  const last = Math.floor(reader.nowMs / 1000 / point) * point;
  const at = new Map(samples.map((sample) => [sample.at.getTime() / 1000, sample]));
  return figures.flatMap((name) => {
    const values = Array.from({ length: count }, (_, n) => at.get(last - (count - 1 - n) * point)?.[name] ?? null);
    const measured = values.filter((value) => value !== null);
    if (measured.length < 2) return [];
    const format = formatOf(name, reader);
    return [
      {
        title: reader.t(`monitoring.figure_${name}`),
        now: format(measured.at(-1) ?? 0),
        most: reader.t('monitoring.most', { value: format(Math.max(...measured)) }),
        svg: curve({ values, ticks: ticksOf(span, reader), formatValue: format }),
      },
    ];
  });
}

function formatOf(name: (typeof figures)[number], reader: Reader): (value: number) => string {
  if (name === 'rx_bps' || name === 'tx_bps') return formatRate;
  if (name === 'temperature') return (value) => `${Math.round(value)} °C`;
  if (name === 'sessions') return (value) => formatCount(Math.round(value), reader.locale);
  return (value) => `${Math.round(value)} %`;
}

function ticksOf(span: Span, reader: Reader): Tick[] {
  const { seconds } = SPANS[span];
  return [0, 0.5, 1].map((part) => ({
    at: part,
    label: formatMoment(new Date(reader.nowMs - (1 - part) * seconds * 1000), reader),
  }));
}
