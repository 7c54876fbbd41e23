import { hostname } from 'node:os';
import type { PrismaClient } from '../platform/db/generated/client';
import type { Log } from '../platform/log';

const EVERY_MS = 5_000;

/** A row in platform_heartbeat that is renewed every 5 s; a clean stop removes it, so that only the dead leave a stale one. */
export function startBeating(outside: PrismaClient, part: string, log: Log): { stop(): Promise<void> } {
  const instance = `${hostname()}:${process.pid}`;
  let failing = false;
  const beat = async (): Promise<void> => {
    try {
      await outside.$executeRaw`
        INSERT INTO platform_heartbeat (part, instance) VALUES (${part}, ${instance})
        ON CONFLICT (part, instance) DO UPDATE SET beat_at = clock_timestamp(), state = 'ok'`;
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'heartbeat not written; the database is not answering');
      failing = true;
    }
  };
  let running = beat();
  const timer = setInterval(() => (running = beat()), EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await running;
      await outside.$executeRaw`DELETE FROM platform_heartbeat WHERE part = ${part} AND instance = ${instance}`.catch(() => undefined);
    },
  };
}
