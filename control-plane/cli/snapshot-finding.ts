import { join } from 'node:path';
import { freeradiusPlaces } from '../../freeradius-config/generate';
import { lookAtSnapshot } from '../../radius/snapshot';
import type { Config } from '../platform/config';
import { freeradiusPlace } from './freeradius-home';

/** A writer at work brings the file up to date every second. */
const OLD_S = 60;

/**
 * For the doctor: whether FreeRADIUS of this host could answer logins without the database, and if not, the remedy.
 * @param roles what the supervisor runs here; undefined while nothing runs
 */
export async function snapshotFinding(
  config: Config,
  roles: readonly string[] | undefined,
): Promise<{ good: boolean; says: string }> {
  if (roles?.includes('freeradius') && !roles.includes('snapshot'))
    return bad(
      'no role snapshot runs on this host, so FreeRADIUS answers nobody while Postgres is away. Add snapshot to --roles.',
    );
  const look = await lookAtSnapshot(freeradiusPlaces(freeradiusPlace(config)).snapshotFile);
  const log = join(config.dataDir, 'logs', 'snapshot.log');
  switch (look.kind) {
    case 'none':
      return good('made at the first start');
    case 'unreadable':
      return bad(`cannot be read (${look.why}). Read ${log}; a damaged file is made anew by itself.`);
    case 'filling':
      return good(
        `being filled, ${look.logins} logins so far; until it is whole others get no answer without Postgres`,
      );
    case 'whole': {
      const holds = `${look.logins} logins and ${look.vouchers} unused vouchers`;
      const age = spoken(look.age_s);
      if (look.age_s > look.bound_s)
        return bad(
          `is ${age} old, past its bound of ${spoken(look.bound_s)} (LANGO_SNAPSHOT_HOURS): without Postgres nobody gets an answer. ${roles ? `Read ${log}.` : 'Start Lango.'}`,
        );
      if (roles && look.age_s > OLD_S)
        return bad(`has not been brought up to date for ${age}. Postgres must answer; if it does, read ${log}.`);
      return good(
        `${holds}, ${roles ? 'up to date' : `${age} old`}; answers for ${spoken(look.bound_s)} without Postgres`,
      );
    }
  }
}

function spoken(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const good = (says: string): { good: boolean; says: string } => ({ good: true, says });
const bad = (says: string): { good: boolean; says: string } => ({ good: false, says });
