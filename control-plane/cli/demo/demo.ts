import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../platform/config';
import type { Log } from '../../platform/log';
import { signedIn, type Api } from './api';
import { demoSignIn } from './company';
import { startLive, type Live } from './live';
import { seedPeople, seedRouter } from './seed';

export interface DemoOptions {
  config: Config;
  /** Where the console, FreeRADIUS and the listener answer from here. */
  host: string;
  httpHost: string;
  masterKey: Buffer;
  log: Log;
}

/** Starts the demo ISP in the background: answers at once, and tries again for as long as Lango is not there yet. */
export function startDemo(o: DemoOptions): { stop(): Promise<void> } {
  const ended = new AbortController();
  let live: Live | undefined;
  const running = (async () => {
    while (!ended.signal.aborted && !live) {
      try {
        live = await open(o);
      } catch (error) {
        o.log.warn({ err: error }, 'the demo ISP is not open yet and is tried again');
        await sleep(10_000, undefined, { signal: ended.signal }).catch(() => undefined);
      }
    }
  })();
  return {
    stop: async () => {
      ended.abort();
      await Promise.race([running, sleep(2000)]);
      await live?.stop();
    },
  };
}

async function open(o: DemoOptions): Promise<Live> {
  const who = demoSignIn(o.config);
  if (!who) throw new Error('No sign-in of the demo ISP here. Set LANGO_DEMO=0, or remove the demo company.');
  const api: Api = await signedIn(`http://${o.httpHost}:${o.config.httpPort}`, who);
  const router = await seedRouter(api, o.masterKey);
  const { authPort, acctPort } = o.config;
  const server = { address: o.host, authPort, acctPort };
  const live = await startLive({ api, router, masterKey: o.masterKey, server, log: o.log });
  try {
    await seedPeople(api, o.masterKey, (person) => live.dial(person));
    return live;
  } catch (error) {
    await live.stop();
    throw error;
  }
}
