/** How long a snapshot is good for, whose file it is, and what happens while Postgres hangs, or while FreeRADIUS or the writer are started without it. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { detectFreeradius, freeradiusCommand } from '../../freeradius-config/generate';
import { stopwatch } from '../test-kit/stopwatch';
import { until } from '../test-kit/until';
import type { Answered } from './access-world';
import { worldWithoutPostgres } from './without-postgres-world';

jest.setTimeout(120_000);

const there = worldWithoutPostgres();
const { owner, cable, ask, answers, serves, inSnapshot, followed, writeAgain } = there;
beforeAll(async () => {
  await there.world.addSubscription({ username: 'known' });
});

test('a snapshot older than its bound answers nobody: the router tries its next server', async () => {
  await there.world.addSubscription({ username: 'aged' });
  await writeAgain(10);
  try {
    await until(
      () => inSnapshot('SELECT bound_s FROM state'),
      (bound) => bound.trim() === '10',
      45_000,
    );
    await followed();
    const written_ms = Number(inSnapshot('SELECT written_at FROM state')) * 1000;
    const heard: { at_ms: number; code: Answered['code'] }[] = [];
    await until(
      async () => {
        const { code } = await ask({ username: 'aged', tries: 1 });
        heard.push({ at_ms: Date.now(), code });
        return heard;
      },
      (all) =>
        all.length > 2 && all.slice(-2).every(({ code, at_ms }) => code === 'none' && at_ms > written_ms + 12_000),
      30_000,
    );
    const young = heard.filter(({ at_ms }) => at_ms < written_ms + 9000);
    const old = heard.filter(({ at_ms }) => at_ms > written_ms + 12_000);
    expect(young.some(({ code }) => code === 'accept')).toBe(true);
    expect(old.map(({ code }) => code)).toEqual(old.map(() => 'none'));
    // Neither does it say that it serves.
    expect(await serves()).toBe(false);
    await cable.plug();
    await answers({ username: 'aged' }, 'accept');
    expect(await serves()).toBe(true);
  } finally {
    await cable.plug();
    await writeAgain();
    // The next test must find a file that is good for longer than it takes.
    await until(
      () => inSnapshot('SELECT bound_s FROM state'),
      (bound) => bound.trim() === '3600',
      45_000,
    );
  }
});

test('the file is closed to others and belongs to FreeRADIUS alone', () => {
  const { snapshotFile } = there.world.freeradius.places;
  for (const file of [snapshotFile, `${snapshotFile}-wal`]) {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    if (owner) expect(statSync(file).uid).toBe(owner.uid);
  }
});

test('a Postgres that hangs: answers within 10 s and then under a second, and the database again within 5 s of its return', async () => {
  await followed();
  await cable.plug();
  await answers({ username: 'nobody' }, 'reject');
  cable.hold();
  const began = Date.now();
  // As routers do: several customers at once, each dialling again and again.
  const first = await Promise.all(
    Array.from({ length: 12 }, async () => {
      await until(
        () => there.world.ask({ username: 'known', timeout_ms: 1000 }),
        ({ code }) => code === 'accept',
        20_000,
      );
      return Date.now() - began;
    }),
  );
  expect(Math.min(...first)).toBeLessThan(10_000);
  await sleep(Math.max(0, 10_000 - (Date.now() - began)));
  // By then each is answered within a second, one alone and a dozen at once.
  for (let n = 0; n < 30; n++) {
    const asked = stopwatch();
    const many = Array.from({ length: n % 3 === 0 ? 12 : 1 }, () =>
      there.world.ask({ username: 'known', timeout_ms: 5000 }),
    );
    expect((await Promise.all(many)).map(({ code }) => code)).toEqual(many.map(() => 'accept'));
    expect(asked()).toBeLessThan(1000);
    await sleep(100);
  }
  cable.release();
  const back = Date.now();
  await until(
    () => there.world.ask({ username: 'nobody', timeout_ms: 500 }),
    ({ code }) => code === 'reject',
    20_000,
  );
  expect(Date.now() - back).toBeLessThan(5000);
});

test('a FreeRADIUS that is started while Postgres is away answers the same', async () => {
  await followed();
  // Nor does a writer that is started then take anything away.
  await writeAgain();
  const { pid, places } = there.world.freeradius;
  process.kill(pid, 'SIGTERM');
  await until(
    () => ask({ username: 'known', tries: 1, timeout_ms: 300 }),
    ({ code }) => code === 'none',
  );
  const { path, args } = freeradiusCommand(detectFreeradius()!, dirname(join(places.logFile, '..')));
  const again = spawn(path, args, { stdio: 'ignore', ...(owner ? { uid: owner.uid, gid: owner.gid } : {}) });
  try {
    await answers({ username: 'known' }, 'accept');
    expect((await ask({ username: 'known', password: 'wrong' })).code).toBe('reject');
    await sleep(1500);
    expect((await ask({ username: 'known' })).code).toBe('accept');
    await cable.plug();
    await answers({ username: 'nobody' }, 'reject');
  } finally {
    again.kill('SIGKILL');
  }
});
