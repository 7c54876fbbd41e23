import { parseDuration, type ApiOutcome } from '../../radius/routeros';
import { failureOf, updateStatus, type Failure } from './words';

export const steps = [
  'backup',
  'check',
  'download',
  'downloading',
  'restart',
  'back',
  'board',
  'board_restart',
  'board_back',
] as const;
export type Step = (typeof steps)[number];

/** A run as it stands. Ages are in seconds by Lango's clock. */
export interface Work {
  step: Step;
  step_age_s: number;
  /** Since the router was told to restart, in this step or the one before; null: never. */
  restart_age_s: number | null;
  board: boolean;
  version_before: string;
  version_wanted: string;
}

export interface Learned {
  version_before?: string;
  version_wanted?: string;
  version_after?: string;
  board_before?: string;
  board_after?: string;
}

export type Advance =
  /** On to this step, which may be the same one again, after a while. `restarts`: the moment is to be kept before the step is done. */
  | { kind: 'next'; step: Step; after_ms: number; restarts?: true; learned?: Learned }
  | { kind: 'done'; learned?: Learned }
  | Failure;

interface Tools {
  ask: (words: readonly string[]) => Promise<ApiOutcome>;
  /** Sees to a configuration that is younger than a day. */
  backUp: () => Promise<{ kind: 'kept' } | { kind: 'failed'; why: string }>;
}

const LOOK_AGAIN_MS = 3_000;
/** A download over a slow line; the newest packages are about 15 MB. */
const DOWNLOAD_S = 30 * 60;
/** A restart with new firmware takes one to three minutes, on small boards five. */
const RESTART_S = 12 * 60;

const next = (step: Step, more: { after_ms?: number; restarts?: true; learned?: Learned } = {}): Advance => ({
  kind: 'next',
  step,
  after_ms: 0,
  ...more,
});

/** Does one step of an upgrade. It may have been done before, and cut off: each asks first how things stand where that matters. */
export async function advance(work: Work, tools: Tools): Promise<Advance> {
  switch (work.step) {
    case 'backup': {
      const kept = await tools.backUp();
      return kept.kind === 'kept' ? next('check') : { kind: 'failed', fault: 'no_backup', words: kept.why };
    }
    case 'check':
      return check(work, tools);
    case 'download':
      return download(await tools.ask(['/system/package/update/download']));
    case 'downloading':
      return downloading(work, tools);
    case 'restart':
      return restart(work, tools, 'back');
    case 'back':
      return back(work, tools);
    case 'board':
      return board(tools);
    case 'board_restart':
      return restart(work, tools, 'board_back');
    case 'board_back':
      return boardBack(work, tools);
  }
}

async function check(work: Work, { ask }: Tools): Promise<Advance> {
  const resource = await ask(['/system/resource/print', '=.proplist=version']);
  if (resource.kind !== 'done') return failureOf(resource);
  const version = numberOf(resource.rows[0]?.['version']);
  const asked = await ask(['/system/package/update/check-for-updates']);
  if (asked.kind !== 'done') return failureOf(asked);
  const status = updateStatus(asked.rows);
  if (status.kind === 'failed') return status;
  const learned = { version_before: version, version_wanted: status.latest || version };
  if (status.kind === 'current')
    return work.board
      ? next('board', { learned: { ...learned, version_after: version } })
      : { kind: 'done', learned: { ...learned, version_after: version } };
  return next('download', { learned });
}

function download(outcome: ApiOutcome): Advance {
  // It goes on by itself where it took longer than we wait.
  if (outcome.kind === 'silent') return next('downloading', { after_ms: LOOK_AGAIN_MS });
  if (outcome.kind !== 'done') return failureOf(outcome);
  const status = updateStatus(outcome.rows);
  if (status.kind === 'failed') return status;
  return status.kind === 'downloaded'
    ? next('restart', { restarts: true })
    : next('downloading', { after_ms: LOOK_AGAIN_MS });
}

async function downloading(work: Work, { ask }: Tools): Promise<Advance> {
  const outcome = await ask(['/system/package/update/print']);
  const status = outcome.kind === 'done' ? updateStatus(outcome.rows) : failureOf(outcome);
  if (status.kind === 'downloaded') return next('restart', { restarts: true });
  if (status.kind === 'failed' && status.fault !== 'not_understood') return status;
  if (work.step_age_s > DOWNLOAD_S) return { kind: 'failed', fault: 'slow', words: '' };
  return next('downloading', { after_ms: LOOK_AGAIN_MS });
}

async function restart(work: Work, { ask }: Tools, then: Step): Promise<Advance> {
  if ((await upFor(ask, work)) === 'restarted') return next(then);
  const outcome = await ask(['/system/reboot']);
  // It may be gone before it has answered.
  return outcome.kind === 'refused' || outcome.kind === 'login_refused'
    ? failureOf(outcome)
    : next(then, { after_ms: LOOK_AGAIN_MS });
}

/** Whether the router has restarted since it was told to, or does not answer now. */
async function upFor(ask: Tools['ask'], { restart_age_s: age }: Work): Promise<'restarted' | 'not_yet' | 'away'> {
  const outcome = await ask(['/system/resource/print', '=.proplist=uptime']);
  if (outcome.kind !== 'done') return 'away';
  const up_s = parseDuration(outcome.rows[0]?.['uptime']);
  // RouterOS tells whole seconds that have passed: it may have been up for one more, and since before it was told.
  return age !== null && up_s !== undefined && up_s + 1 <= age ? 'restarted' : 'not_yet';
}

const lost = (work: Work): Advance | undefined =>
  (work.restart_age_s ?? 0) > RESTART_S ? { kind: 'failed', fault: 'never_back', words: '' } : undefined;

async function back(work: Work, tools: Tools): Promise<Advance> {
  if ((await upFor(tools.ask, work)) !== 'restarted') return lost(work) ?? next('back', { after_ms: LOOK_AGAIN_MS });
  const outcome = await tools.ask(['/system/resource/print', '=.proplist=version']);
  if (outcome.kind !== 'done') return next('back', { after_ms: LOOK_AGAIN_MS });
  const version = numberOf(outcome.rows[0]?.['version']);
  if (version !== work.version_wanted) return { kind: 'failed', fault: 'not_installed', words: version };
  const learned = { version_after: version };
  return work.board ? next('board', { learned }) : { kind: 'done', learned };
}

async function boardOf(ask: Tools['ask']): Promise<{ now: string; next: string } | Failure> {
  const outcome = await ask(['/system/routerboard/print']);
  // A CHR has no board, and some builds not even the menu.
  if (outcome.kind === 'refused') return { now: '', next: '' };
  if (outcome.kind !== 'done') return failureOf(outcome);
  const [row = {}] = outcome.rows;
  return { now: row['current-firmware'] ?? '', next: row['upgrade-firmware'] ?? '' };
}

async function board({ ask }: Tools): Promise<Advance> {
  const found = await boardOf(ask);
  if ('kind' in found) return found;
  const learned = { board_before: found.now };
  if (found.now === found.next) return { kind: 'done', learned: { ...learned, board_after: found.now } };
  const outcome = await ask(['/system/routerboard/upgrade']);
  return outcome.kind === 'done' ? next('board_restart', { restarts: true, learned }) : failureOf(outcome);
}

async function boardBack(work: Work, tools: Tools): Promise<Advance> {
  if ((await upFor(tools.ask, work)) !== 'restarted')
    return lost(work) ?? next('board_back', { after_ms: LOOK_AGAIN_MS });
  const found = await boardOf(tools.ask);
  if ('kind' in found) return next('board_back', { after_ms: LOOK_AGAIN_MS });
  if (found.now !== found.next) return { kind: 'failed', fault: 'board_not_installed', words: found.now };
  return { kind: 'done', learned: { board_after: found.now } };
}

/** "7.18.2 (stable)" → "7.18.2". */
export function numberOf(version: string | undefined): string {
  return (version ?? '').split(' ')[0] ?? '';
}
