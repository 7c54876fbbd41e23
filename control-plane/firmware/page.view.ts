import { formatMoment, outcomeBadge, type Reader } from '../ui';
import { steps } from './advance';
import type { Run } from './queries';

const boardSteps = new Set(['board', 'board_restart', 'board_back']);

/** Where an upgrade stands, step by step, with what to do where it stopped. */
export function printRun(run: Run, reader: Reader) {
  const { t } = reader;
  const reached = steps.indexOf(run.step);
  const over = run.state === 'done';
  const shown = steps.filter((step) => step !== 'downloading' && (run.board || !boardSteps.has(step)));
  const versions = [
    [run.version_before, run.version_after || run.version_wanted],
    [run.board_before, run.board_after],
  ].map(([from, to]) => (from === '' || to === '' || from === to ? '' : `${from} → ${to}`));
  const outcome = {
    waiting: 'waiting',
    running: 'waiting',
    done: 'done',
    failed: 'failed',
    stopped: 'cancelled',
  } as const;
  return {
    id: run.id,
    underWay: run.state === 'waiting' || run.state === 'running',
    outcome: outcomeBadge(outcome[run.state], reader),
    asked: t('firmware.asked_by', { at: formatMoment(run.asked_at, reader), who: run.asked_by }),
    versions: versions.filter((text) => text !== '').join(', ') || (over ? t('firmware.nothing_newer') : ''),
    events: shown.map((step) => {
      const at = steps.indexOf(step);
      // The download may be looked at again as `downloading`.
      const here = step === run.step || (step === 'download' && run.step === 'downloading');
      const done = over || at < reached;
      const failed = here && run.state === 'failed';
      return {
        iso: (here ? run.step_at : run.asked_at).toISOString(),
        time: here && !over ? formatMoment(run.step_at, reader) : '',
        arch: failed ? 'shut' : done ? 'open' : here && run.state === 'running' ? 'ajar' : 'dotted',
        tone: failed ? 'bad' : done ? 'good' : '',
        what: t(`firmware.step_${step}`),
        detail: here && run.state === 'running' ? t(`firmware.doing_${step}`) : '',
      };
    }),
    fault: run.fault && {
      what: [t(`firmware.fault_${run.fault}`), run.fault_words].filter((text) => text !== '').join(' '),
      remedy: t(`firmware.remedy_${run.fault}`),
    },
    stopped: run.state === 'stopped' && t('firmware.stopped'),
  };
}
