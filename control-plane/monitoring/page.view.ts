import { formatMoment, formatRate, formatSpan, stateBadge } from '../ui';
import type { Reader } from '../ui';
import type { RouterNow } from './queries';

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

export function portsOf(now: RouterNow | undefined, { t, locale }: Reader) {
  return (now?.ports ?? []).map((port) => {
    const [rx, tx] = now?.facts.rates?.[port.name] ?? [undefined, undefined];
    return {
      name: port.name,
      state: t(`monitoring.port_${port.disabled ? 'off' : port.running ? 'runs' : 'down'}`),
      rx: rx === undefined ? '–' : formatRate(rx, locale),
      tx: tx === undefined ? '–' : formatRate(tx, locale),
    };
  });
}
