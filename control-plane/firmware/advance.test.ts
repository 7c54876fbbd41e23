import type { ApiOutcome } from '../../radius/routeros';
import { advance, type Work } from './advance';
import { updateStatus } from './words';

/** A router that says what is written here, and what it was asked. */
function routerSaying(answers: Record<string, ApiOutcome>) {
  const asked: string[] = [];
  return {
    asked,
    tools: {
      ask: (words: readonly string[]): Promise<ApiOutcome> => {
        asked.push(words[0] ?? '');
        return Promise.resolve(answers[words[0] ?? ''] ?? { kind: 'silent' });
      },
      backUp: () => Promise.resolve({ kind: 'kept' as const }),
    },
  };
}
const rows = (...found: Record<string, string>[]): ApiOutcome => ({ kind: 'done', rows: found });
const work = (about: Partial<Work>): Work => ({
  step: 'backup',
  step_age_s: 0,
  restart_age_s: null,
  board: false,
  version_before: '7.15.3',
  version_wanted: '7.15.4',
  ...about,
});

test('without a configuration nothing is touched', async () => {
  const { tools, asked } = routerSaying({});
  const outcome = await advance(work({}), {
    ...tools,
    backUp: () => Promise.resolve({ kind: 'failed', why: 'no room' }),
  });
  expect(outcome).toEqual({ kind: 'failed', fault: 'no_backup', words: 'no room' });
  expect(asked).toEqual([]);
});

test('a restart that was told already is not told again, and one that was cut off before it is', async () => {
  const restarted = routerSaying({ '/system/resource/print': rows({ uptime: '12s' }) });
  expect(await advance(work({ step: 'restart', restart_age_s: 40 }), restarted.tools)).toMatchObject({ step: 'back' });
  expect(restarted.asked).toEqual(['/system/resource/print']);
  const still = routerSaying({ '/system/resource/print': rows({ uptime: '3w2d' }) });
  expect(await advance(work({ step: 'restart', restart_age_s: 40 }), still.tools)).toMatchObject({ step: 'back' });
  expect(still.asked).toEqual(['/system/resource/print', '/system/reboot']);
});

test('a router that came up within the second before it was told to restart has not done so', async () => {
  const young = routerSaying({ '/system/resource/print': rows({ uptime: '2s', version: '7.15.3 (stable)' }) });
  expect(await advance(work({ step: 'restart', restart_age_s: 2.4 }), young.tools)).toMatchObject({ step: 'back' });
  expect(young.asked).toEqual(['/system/resource/print', '/system/reboot']);
  expect(await advance(work({ step: 'back', restart_age_s: 2.4 }), young.tools)).toMatchObject({ step: 'back' });
});

test('a router that still answers before it goes down is not taken for one that is back', async () => {
  const { tools } = routerSaying({ '/system/resource/print': rows({ uptime: '3w2d', version: '7.15.4 (stable)' }) });
  const outcome = await advance(work({ step: 'back', restart_age_s: 4 }), tools);
  expect(outcome).toMatchObject({ kind: 'next', step: 'back' });
});

test.each([
  ['never_back', { step: 'back', restart_age_s: 800 }, {}],
  ['never_back', { step: 'board_back', restart_age_s: 800 }, {}],
  [
    'not_installed',
    { step: 'back', restart_age_s: 90 },
    { '/system/resource/print': rows({ uptime: '30s', version: '7.15.3 (stable)' }) },
  ],
  [
    'board_not_installed',
    { step: 'board_back', restart_age_s: 90 },
    {
      '/system/resource/print': rows({ uptime: '30s' }),
      '/system/routerboard/print': rows({ 'current-firmware': '7.15.3', 'upgrade-firmware': '7.15.4' }),
    },
  ],
  ['refused', { step: 'restart' }, { '/system/reboot': { kind: 'refused', message: 'not enough permissions (9)' } }],
  ['unreachable', { step: 'check' }, {}],
  [
    'slow',
    { step: 'downloading', step_age_s: 2000 },
    { '/system/package/update/print': rows({ status: 'Downloading... 12%' }) },
  ],
] as [string, Partial<Work>, Record<string, ApiOutcome>][])('%s is told as such: %o', async (fault, about, answers) => {
  expect(await advance(work(about), routerSaying(answers).tools)).toMatchObject({ kind: 'failed', fault });
});

test('a download that outlasts our patience is looked at again until it is whole', async () => {
  expect(await advance(work({ step: 'download' }), routerSaying({}).tools)).toMatchObject({ step: 'downloading' });
  const loading = routerSaying({ '/system/package/update/print': rows({ status: 'Downloading... 43%' }) });
  expect(await advance(work({ step: 'downloading' }), loading.tools)).toMatchObject({ step: 'downloading' });
  const whole = rows({ status: 'Downloaded, please reboot router to upgrade it' });
  const loaded = routerSaying({ '/system/package/update/print': whole });
  expect(await advance(work({ step: 'downloading' }), loaded.tools)).toMatchObject({ step: 'restart', restarts: true });
});

test('of several rows with a status the last one counts, and an error is one of them', () => {
  const about = { 'installed-version': '7.15.3', 'latest-version': '7.15.4', channel: 'stable' };
  const status = (...words: string[]) => updateStatus(words.map((text) => ({ ...about, status: text })));
  expect(status('finding out latest version...', 'New version is available')).toMatchObject({
    kind: 'newer',
    latest: '7.15.4',
  });
  expect(status('finding out latest version...', 'System is already up to date').kind).toBe('current');
  expect(status('ERROR: not enough disk space, 11.6MiB is required')).toMatchObject({
    kind: 'failed',
    fault: 'no_space',
  });
  expect(status('ERROR: could not resolve dns name')).toMatchObject({ kind: 'failed', fault: 'no_internet' });
  expect(status('Hm')).toMatchObject({ kind: 'newer' });
  expect(updateStatus([])).toMatchObject({ kind: 'failed', fault: 'not_understood' });
});
