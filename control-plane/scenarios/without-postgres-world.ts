import { execFileSync } from 'node:child_process';
import { healthAddress, healthSecret } from '../../freeradius-config/generate';
import { startSnapshot, type Snapshot } from '../../radius/snapshot';
import { askStatus } from '../health';
import { findUser } from '../platform/supervisor/run-as';
import { Cable } from '../test-kit/cable';
import { until } from '../test-kit/until';
import { createAccessWorld, type AccessWorld, type Answered, type Ask } from './access-world';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * A FreeRADIUS host whose way to Postgres can be cut or hold its breath, with a writer of its snapshot. Registers its own hooks, which mend the way after each test:
 * call it once, at the top of a file.
 */
export function worldWithoutPostgres() {
  const owner = process.getuid?.() === 0 ? findUser('freerad') : undefined;
  const cable = new Cable();
  let world: AccessWorld;
  let url: string;
  let snapshot: Snapshot;
  let markers = 0;

  function write(bound_s = 3600): void {
    snapshot = startSnapshot({
      databaseUrl: url,
      path: world.freeradius.places.snapshotFile,
      bound_s,
      log: quiet,
      ...(owner ? { owner } : {}),
    });
  }

  beforeAll(async () => {
    world = await createAccessWorld(async (straight) => (url = await cable.lay(straight)));
    write();
  });
  afterAll(async () => {
    await snapshot.stop();
    await cable.unplug();
    await world.end();
  });
  afterEach(async () => {
    cable.release();
    await cable.plug();
  });

  const ask = (o: Ask): Promise<Answered> => world.ask({ tries: 3, timeout_ms: 1000, ...o });

  /** Until FreeRADIUS answers this login so: the snapshot has followed, or the database is seen to be away or back. */
  const answers = (o: Ask, code: Answered['code'], limit_ms = 45_000): Promise<Answered> =>
    until(
      () => ask(o),
      (answer) => answer.code === code,
      limit_ms,
    );

  /** What load balancers and the doctor are told. */
  const serves = (): Promise<boolean> =>
    askStatus({
      host: '127.0.0.1',
      port: world.freeradius.authPort,
      secret: healthSecret(world.db.masterKey),
      from: healthAddress,
    });

  const inSnapshot = (sql: string): string =>
    execFileSync('sqlite3', ['-readonly', '-cmd', '.timeout 2000', world.freeradius.places.snapshotFile, sql], {
      encoding: 'utf8',
    });

  /** Waits until what was written is in the snapshot (a login made last is), then takes Postgres away. */
  async function followed(): Promise<void> {
    const username = `marker${(markers += 1)}`;
    await world.addSubscription({ username });
    const there = () => inSnapshot(`SELECT count(*) FROM answer WHERE username = '${username}'`);
    await until(there, (count) => Number(count) > 0, 45_000);
    await cable.unplug();
  }

  /** Ends the writer of the snapshot and starts another, whose file is good for so long. */
  async function writeAgain(bound_s?: number): Promise<void> {
    await snapshot.stop();
    write(bound_s);
  }

  return {
    get world() {
      return world;
    },
    owner,
    cable,
    ask,
    answers,
    serves,
    inSnapshot,
    followed,
    writeAgain,
  };
}
