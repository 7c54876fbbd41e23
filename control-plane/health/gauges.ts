import { Gauge } from 'prom-client';
import type { PrismaClient } from '../platform/db/generated/client';
import { metrics } from '../platform/http/metrics';
import type { Log } from '../platform/log';

const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [metrics] });
const sessionsLive = gauge('lango_sessions_live', 'Sessions that are open now, over all companies.');
const enforcementOpen = gauge('lango_enforcement_open', 'Changes that the network has not yet proved.');
const enforcementOldest = gauge('lango_enforcement_oldest_seconds', 'Age of the oldest change that is still open.');
const enforcementGaveUp = gauge(
  'lango_enforcement_gave_up_day',
  'Changes of the last 24 hours that the network did not take.',
);
const freeRiders = gauge(
  'lango_free_riders',
  'Sessions that are online without entitlement ten seconds after the network was told. 0 at rest.',
);
const heldBack = gauge(
  'lango_held_back',
  'Sessions that are entitled and still throttled or in the walled garden ten seconds after the network was told. 0 at rest.',
);
const sweepRound = gauge(
  'lango_enforcement_sweep_round_seconds',
  'How long the last round through all open sessions took.',
);
const sweepAge = gauge('lango_enforcement_sweep_age_seconds', 'Since the last such round ended.');
const spoolPackets = gauge(
  'lango_accounting_spool_packets',
  'Accounting packets answered and waiting on disk for the database.',
);
const databaseUp = gauge('lango_database_up', 'Whether the database answered this scrape.');

/** Reads the figures that live in the database. When it does not answer they keep their last value and lango_database_up is 0. */
export async function refreshGauges(outside: PrismaClient, log: Log): Promise<void> {
  try {
    const [row] = await outside.$queryRaw<Record<string, number>[]>`SELECT * FROM health_figures()`;
    databaseUp.set(1);
    sessionsLive.set(row?.['sessions_live'] ?? 0);
    enforcementOpen.set(row?.['enforcement_open'] ?? 0);
    enforcementOldest.set(row?.['enforcement_oldest_s'] ?? 0);
    enforcementGaveUp.set(row?.['enforcement_gave_up'] ?? 0);
    freeRiders.set(row?.['free_riders'] ?? 0);
    heldBack.set(row?.['held_back'] ?? 0);
    sweepRound.set(row?.['sweep_round_s'] ?? 0);
    sweepAge.set(row?.['sweep_age_s'] ?? 0);
    spoolPackets.set(row?.['spool_packets'] ?? 0);
  } catch (error) {
    databaseUp.set(0);
    log.warn({ err: error }, 'figures for /metrics could not be read');
  }
}
