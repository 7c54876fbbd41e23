import { parseDuration, type ApiOutcome, type Row } from '../../routeros';
import type { TaskSession } from '../task';

/** Runs a command on the router in question. */
export type Ask = (words: readonly string[]) => Promise<ApiOutcome>;

export type Found =
  | { kind: 'there'; row: Row; menu: string }
  | { kind: 'gone' }
  | { kind: 'failed'; outcome: Exclude<ApiOutcome, { kind: 'done' }> };

/** A session of the same name that has lasted this much less than ours began after it. Late Starts and what is under way differ by less. */
const YOUNGER_S = 60;

/**
 * Looks a session up among the active ones. PPP rows carry the session id of RADIUS (`0x81B00044`), which is certain; a hotspot row carries
 * none and is ours when user, device and address fit and it is not too young.
 */
export async function findSession(ask: Ask, session: TaskSession): Promise<Found> {
  const hotspot = session.service === 'hotspot';
  const menu = hotspot ? '/ip/hotspot/active' : '/ppp/active';
  const name = hotspot ? 'user' : 'name';
  // A name whose octets are no UTF-8 cannot be asked for; then all rows are read.
  const byName = session.username === '' || session.username.includes('�') ? [] : [`?${name}=${session.username}`];
  const outcome = await ask([`${menu}/print`, ...byName]);
  if (outcome.kind !== 'done') return { kind: 'failed', outcome };
  const row = outcome.rows.find((candidate) => (hotspot ? isHotspotRow : isPppRow)(candidate, session));
  return row === undefined ? { kind: 'gone' } : { kind: 'there', row, menu };
}

function isPppRow(row: Row, session: TaskSession): boolean {
  const id = row['session-id'];
  if (id !== undefined && id !== '') return id.toLowerCase().replace(/^0x/, '') === session.acctSessionId.toLowerCase();
  return sameAddress(row, session) && oldEnough(row, session);
}

function isHotspotRow(row: Row, session: TaskSession): boolean {
  const mac = row['mac-address'];
  const sameDevice = mac === undefined || session.mac === null || bare(mac) === bare(session.mac);
  return sameDevice && sameAddress(row, session) && oldEnough(row, session);
}

function sameAddress(row: Row, session: TaskSession): boolean {
  return session.framedIp === null || row['address'] === undefined || row['address'] === session.framedIp;
}

function oldEnough(row: Row, session: TaskSession): boolean {
  const uptime_s = parseDuration(row['uptime']);
  return uptime_s === undefined || uptime_s >= session.ageS - YOUNGER_S;
}

function bare(mac: string): string {
  return mac.toLowerCase().replace(/[^0-9a-f]/g, '');
}
