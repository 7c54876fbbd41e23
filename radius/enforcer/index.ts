/**
 * Makes the network agree with what is true: takes enforcement rows, tells the routers by CoA and Disconnect, and keeps at it until it is
 * proved. Any number may run at once, and each may be killed at any moment: a row is held for ten seconds and then free again.
 *
 *   const enforcer = await startEnforcer({ databaseUrl, bind: '0.0.0.0', log });
 *   await enforcer.stop();
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Pool } from 'pg';
import { type OpenPassword, Visits } from './api/visits';
import { CoaClient } from './coa/client';
import { Fronts } from './coa/fronts';
import { Notices, type PartLog } from '../part';
import { EnforcementStore } from './store';
import { Worker } from './worker';

export { CoaClient } from './coa/client';

export interface EnforcerOptions {
  /** Connection of the role lango_enforcer. */
  databaseUrl: string;
  /** Local address that routers know us by; 0.0.0.0 lets the system choose. */
  bind: string;
  log: PartLog;
  /** Opens routers' API passwords; without it no router is asked by its API. */
  openApiPassword?: OpenPassword;
  /** Milliseconds between datagrams of one exchange. Default: again after 1 s and 2 s, silence after 5 s in all. */
  resendAfterMs?: readonly number[];
  /** Milliseconds between looks for sessions that disagree with their subscription though no row says so; each look takes 5,000 sessions. */
  sweepEveryMs?: number;
}

export interface Enforcer {
  /** Ends within two seconds; rows in hand are given back. */
  stop(): Promise<void>;
}

const LISTENER_LOOK_MS = 5000;

/** Starts one enforcer. It survives a database that is away, at the start as well. */
export async function startEnforcer(options: EnforcerOptions): Promise<Enforcer> {
  const { log } = options;
  const pool = new Pool({
    connectionString: options.databaseUrl,
    // Expiries, claims, outcomes, and what is noted beside them.
    max: 5,
    application_name: 'lango-enforcer',
    connectionTimeoutMillis: 3000,
    keepAlive: true,
  });
  // A lost idle connection is nobody's error; the next query opens a new one.
  pool.on('error', () => undefined);
  const store = new EnforcementStore(pool);
  let listeningSince: string | null = null;
  const instance = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
  const resendAfterMs = options.resendAfterMs ?? [1000, 2000, 2000];
  const fronts = new Fronts({ instance, store, patience_ms: resendAfterMs.reduce((sum, ms) => sum + ms, 0) });
  const worker = new Worker({
    instance,
    store,
    client: new CoaClient({ bind: options.bind, resendAfterMs }),
    fronts,
    visits: new Visits(store, options.openApiPassword, log),
    log,
    hearsNotices: () => notices.connected,
    listeningSince: () => listeningSince,
  });
  const routerChanged = async (nasname: string): Promise<void> => {
    await store.retryRouter(nasname);
    worker.wake();
  };
  const quietly = (work: () => Promise<void>) => () =>
    void work().catch((error: unknown) =>
      log.debug({ err: error }, 'the database does not answer; trying again later'),
    );
  const notices: Notices = new Notices({
    databaseUrl: options.databaseUrl,
    name: 'lango-enforcer-listen',
    channels: ['lango_enforcement', 'lango_expiry', 'lango_clock', 'lango_nas', 'lango_radsec_answer'],
    heard: hearing({ worker, fronts, instance, routerChanged: (nasname) => quietly(() => routerChanged(nasname))() }),
    connected: () => worker.wake(),
    lost: () => log.warn({}, 'no database connection for notices; trying again every second'),
  });
  const lookForListener = quietly(async () => {
    const at = await store.listenerAliveAt();
    listeningSince = at === null ? null : (listeningSince ?? at);
  });
  const sweep = quietly(async () => {
    const written = await store.sweep();
    if (written > 0)
      log.info({ rows: written }, 'open sessions disagreed with their subscription; they are being put right');
  });
  await notices.start();
  lookForListener();
  sweep();
  worker.wake();
  const timers = [setInterval(lookForListener, LISTENER_LOOK_MS), setInterval(sweep, options.sweepEveryMs ?? 10_000)];
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await notices.stop();
      await worker.stop();
      await pool.end();
    },
  };
}

/** What each notice of the database sets going. */
function hearing(o: {
  worker: Worker;
  fronts: Fronts;
  instance: string;
  routerChanged: (nasname: string) => void;
}): (channel: string, payload: string) => void {
  return (channel, payload) => {
    if (channel === 'lango_nas') o.routerChanged(payload);
    else if (channel === 'lango_enforcement') o.worker.wakeForRows();
    else if (channel === 'lango_radsec_answer') {
      if (payload === o.instance) o.fronts.heard();
    }
    // Something may be due though no row was written: an end of validity moved, or a scenario moved the clock.
    else if (channel === 'lango_expiry') o.worker.hint();
    else o.worker.wake();
  };
}
