import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Counters, newCounters } from './counters';
import { IntakeQueue } from './intake-queue';
import { NasReader, type PartLog } from '../part';
import { type DoorWay, LoginDoor } from '../relay';
import type { Nas } from './nas';
import { NasTable } from './nas-table';
import { Receiver } from './receiver';
import { Reporter } from './reporter';
import { Sockets } from './sockets';
import { SpoolDirectory } from './spool/directory';
import { Drainer } from './spool/drainer';
import { SpoolWriter } from './spool/writer';
import { accountingPool, AccountingStore } from './store';

export interface ListenerOptions {
  /** Connection of the role lango_accounting. */
  databaseUrl: string;
  /** Local address; 0.0.0.0 for every IPv4 address of this host, :: for every address. */
  bind: string;
  /** UDP port; 0 for any (with one bind address only). */
  port: number;
  /** FreeRADIUS of this host: where logins are carried of routers whose secret is being replaced. Without it none are taken. */
  authentication?: { host: string; port: number };
  /** LANGO_DATA: the spool and the routers' table are kept under it. */
  dataDir: string;
  /** The spool of one process may not be larger. Default 2 GiB. */
  spoolMaxBytes?: number;
  /** A packet that is not in the database after this long goes to the spool. Default 300 ms. */
  patience_ms?: number;
  /** Get ready, but take no packets before `serve`. */
  standBy?: boolean;
}

export interface Listener {
  port: number;
  counters: Counters;
  /** Begins to take packets, for one that stands by. @throws when the port is taken */
  serve(): Promise<void>;
  /** No more packets are taken; those in hand are made durable and answered. */
  stop(): Promise<void>;
}

const DRAIN_ON_STOP_MS = 3000;

/** One accounting listener in this process. Starts also while the database is away. Throws when the port is taken. */
export async function startListener(o: ListenerOptions, log: PartLog): Promise<Listener> {
  const { counters, pool, directory, spool, intake, drainer, reporter, table, sockets, door, reader } = assemble(
    o,
    log,
  );
  const watch = setInterval(() => reporter.holdingChanged(), 250);
  const stop = async (): Promise<void> => {
    sockets.silence();
    await intake.drain(DRAIN_ON_STOP_MS);
    clearInterval(watch);
    await drainer.stop();
    await spool.close();
    sockets.close();
    door?.close();
    await table.stop();
    await reader.forget();
    await reporter.stop();
    directory.leave();
    await pool.end().catch(() => undefined);
  };
  try {
    await table.start();
    if (!o.standBy) await sockets.start();
  } catch (error) {
    await stop();
    throw error;
  }
  reporter.start();
  return { port: sockets.port, counters, serve: () => sockets.start(), stop };
}

/** The parts, each told of the others that it needs, none of them started. */
function assemble(o: ListenerOptions, log: PartLog) {
  const counters = newCounters();
  const pool = accountingPool(o.databaseUrl);
  const store = new AccountingStore(pool);
  const directory = new SpoolDirectory(join(o.dataDir, 'spool', 'accounting'));
  const spool: SpoolWriter = new SpoolWriter({
    directory: directory.path,
    log,
    otherBytes: () => drainer.claimedBytes,
    ...(o.spoolMaxBytes === undefined ? {} : { maxBytes: o.spoolMaxBytes }),
  });
  const intake = new IntakeQueue({
    store,
    spool,
    counters,
    log,
    ...(o.patience_ms === undefined ? {} : { patience_ms: o.patience_ms }),
  });
  const drainer: Drainer = new Drainer({
    directory,
    spool,
    writer: { store, counters, log },
    mayDrain: () => intake.database === 'live',
    claimedDrained: (from) => void reporter.forget(from),
  });
  intake.onLive = () => drainer.wake();
  const reporter: Reporter = new Reporter({
    pool,
    host: hostname(),
    instance: directory.instance,
    counters,
    holding: () => ({
      pending: spool.pending + drainer.pendingClaimed,
      oldest_ms: spool.oldest_ms,
      database: intake.database,
      waiting: intake.waiting,
    }),
  });
  const door = o.authentication && new LoginDoor(o.authentication);
  const reader = new NasReader(pool, 'accounting');
  const table = new NasTable({
    databaseUrl: o.databaseUrl,
    pool,
    file: join(o.dataDir, 'accounting', 'routers.json'),
    log,
    filled(routers, at) {
      door?.agree(doorWays(routers));
      if (at !== undefined) reader.note(at);
    },
  });
  const receiver = new Receiver({
    table,
    intake,
    store,
    counters,
    log,
    heardOf: (nas, packet) => reporter.heardOf(nas, packet),
    unknownHeard: (address) => reporter.unknownHeard(address),
    door,
    newSecretUsed: (nas) => reporter.newSecretUsed(nas),
  });
  const sockets = new Sockets(
    o.bind,
    o.port,
    (datagram, from, socket) => receiver.receive(datagram, from, socket),
    log,
  );
  return { counters, pool, directory, spool, intake, drainer, reporter, table, sockets, door, reader };
}

/** By which way each router whose secret is being replaced may log people in at the door. */
function doorWays(routers: Iterable<Nas>): Map<string, DoorWay> {
  const ways = new Map<string, DoorWay>();
  for (const { id, rotation } of routers) if (rotation) ways.set(id, rotation.door);
  return ways;
}
