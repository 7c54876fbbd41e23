import { formatMoment, outcomeBadge, type Reader } from '../ui';
import { steps } from './advance';
import type { Run } from './queries';

/** How far a replacement is, step by step, with what to do where it does not go on. */
export function printRun(run: Run, reader: Reader) {
  const { t } = reader;
  const reached = steps.indexOf(run.step);
  const running = run.state === 'running';
  const outcome = { running: 'waiting', done: 'done', failed: 'failed', superseded: 'cancelled' } as const;
  return {
    id: run.id,
    underWay: running,
    outcome: outcomeBadge(outcome[run.state], reader),
    asked: t('rotation.asked_by', { at: formatMoment(run.asked_at, reader), who: run.asked_by }),
    events: steps.map((step, at) => {
      const here = at === reached && run.state !== 'done';
      const done = run.state === 'done' || at < reached;
      const bad = here && run.fault !== null;
      const began = run.times[step];
      return {
        iso: began ?? run.asked_at.toISOString(),
        time: began === undefined ? '' : formatMoment(new Date(began), reader),
        arch: bad && !running ? 'shut' : done ? 'open' : here && running ? 'ajar' : 'dotted',
        tone: bad ? 'bad' : done ? 'good' : '',
        what: t(`rotation.step_${step}`),
        detail: here && running ? t(`rotation.doing_${step}`) : '',
      };
    }),
    fault: run.fault && {
      what: [t(`rotation.fault_${run.fault}`), run.fault_words].filter((text) => text !== '').join(' '),
      remedy: t(`rotation.remedy_${run.fault}`),
    },
    superseded: run.state === 'superseded' && t('rotation.superseded'),
  };
}
