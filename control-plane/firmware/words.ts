import type { ApiOutcome, Row } from '../../radius/routeros';

export const faults = [
  'no_api',
  'unreachable',
  'refused',
  'no_backup',
  'no_internet',
  'no_space',
  'not_understood',
  'slow',
  'never_back',
  'not_installed',
  'board_not_installed',
  'internal',
] as const;
/** Why an upgrade did not go on, as the words `firmware.fault_<it>` and `firmware.remedy_<it>` tell it. */
export type Fault = (typeof faults)[number];

export type Failure = { kind: 'failed'; fault: Fault; words: string };

/** What a command of a router came to when it was not done. */
export function failureOf(outcome: Exclude<ApiOutcome, { kind: 'done' }>): Failure {
  const words = 'message' in outcome ? outcome.message : '';
  const refused = outcome.kind === 'refused' || outcome.kind === 'login_refused';
  return { kind: 'failed', fault: refused ? 'refused' : 'unreachable', words };
}

export type UpdateStatus =
  | { kind: 'current' | 'newer' | 'downloaded' | 'under_way'; installed: string; latest: string; channel: string }
  | Failure;

/**
 * What `/system package update` says: rows with a status in English words, the last of which counts. The words of 6.49 and 7 differ in little; an error is a status too
 * ("ERROR: not enough disk space, 11.6MiB is required and only 2.3MiB is free").
 */
export function updateStatus(rows: readonly Row[]): UpdateStatus {
  const last: Row = rows.at(-1) ?? {};
  const words = last['status'] ?? '';
  const about = {
    installed: last['installed-version'] ?? '',
    latest: last['latest-version'] ?? '',
    channel: last['channel'] ?? '',
  };
  if (/not enough|no space|disk full/i.test(words)) return { kind: 'failed', fault: 'no_space', words };
  if (/error|could ?n.t|timeout|timed out|fail|resolve/i.test(words))
    return { kind: 'failed', fault: 'no_internet', words };
  if (/^downloaded/i.test(words)) return { kind: 'downloaded', ...about };
  if (/up to date/i.test(words)) return { kind: 'current', ...about };
  if (/new version/i.test(words)) return { kind: 'newer', ...about };
  if (/download|finding|calculating/i.test(words)) return { kind: 'under_way', ...about };
  // Some versions answer the check without a status.
  if (about.latest !== '') return { kind: about.latest === about.installed ? 'current' : 'newer', ...about };
  return { kind: 'failed', fault: 'not_understood', words };
}
