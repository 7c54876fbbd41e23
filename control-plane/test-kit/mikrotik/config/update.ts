import type { Row } from '../../../../radius/routeros';
import type { RouterConfig } from './config';
import type { SystemState } from './system';

/** Newer firmware for a router, and what goes wrong with it. A test changes the fields. */
export interface UpdateState {
  /** What MikroTik's servers have for it. */
  newest: string;
  /** What the next restart installs. */
  downloaded: string | undefined;
  /** The firmware of the board now, and whether the next restart writes the one of its RouterOS. */
  board: string;
  boardAsked: boolean;
  /** No way to MikroTik's servers; no room for the packages; a restart that installs nothing. How RouterOS says the first two is put from forum threads. */
  fault: 'none' | 'no_internet' | 'no_space' | 'keeps_old' | 'keeps_old_board';
}

export function noUpdate(version: string, newest: string): UpdateState {
  return { newest, downloaded: undefined, board: version, boardAsked: false, fault: 'none' };
}

/** What a restart does with what was downloaded and asked for. */
export function install(system: SystemState): void {
  const { update } = system;
  if (update.downloaded !== undefined && update.fault !== 'keeps_old') system.versionNumber = update.downloaded;
  if (update.boardAsked && update.fault !== 'keeps_old_board') update.board = system.versionNumber;
  update.downloaded = undefined;
  update.boardAsked = false;
}

/** `/system package update`, `/system routerboard upgrade` and the restart. */
export function serveUpdate(config: RouterConfig, system: SystemState): void {
  const row = (status: string): Row => ({
    channel: config.settings('/system/package/update')['channel'] ?? 'stable',
    'installed-version': system.versionNumber,
    ...(system.update.fault !== 'no_internet' && { 'latest-version': system.update.newest }),
    status,
  });
  const standing = (): string => {
    const { newest, downloaded } = system.update;
    if (downloaded !== undefined) return 'Downloaded, please reboot router to upgrade it';
    return system.versionNumber === newest ? 'System is already up to date' : 'New version is available';
  };
  const load = (): string => {
    const { update } = system;
    if (system.versionNumber === update.newest) return standing();
    if (update.fault === 'no_internet') return 'ERROR: could not resolve dns name';
    if (update.fault === 'no_space') return 'ERROR: not enough disk space, 11.6MiB is required and only 2.3MiB is free';
    update.downloaded = update.newest;
    return standing();
  };
  const restart = (): void => void setImmediate(() => system.onReboot());
  config.serve('/system/package/update/check-for-updates', () => ({
    rows: [
      row('finding out latest version...'),
      row(system.update.fault === 'no_internet' ? 'ERROR: could not resolve dns name' : standing()),
    ],
  }));
  config.serve('/system/package/update/print', () => ({ rows: [row(standing())] }));
  config.serve('/system/package/update/download', () => ({ rows: [row('calculating download size...'), row(load())] }));
  config.serve('/system/package/update/install', () => {
    const status = load();
    if (system.update.downloaded === undefined) return { rows: [row(status)] };
    restart();
    return { rows: [row('Downloaded, rebooting...')] };
  });
  config.serve('/system/routerboard/upgrade', () => {
    system.update.boardAsked = true;
    return { done: true };
  });
  config.serve('/system/reboot', () => {
    restart();
    return { done: true };
  });
}
