import { parseDuration, type ApiOutcome, type Row } from '../../radius/routeros';

/** One interface with its counters, in octets since the router started. */
export interface Port {
  name: string;
  running: boolean;
  disabled: boolean;
  rx: number;
  tx: number;
}

/** What a router said of itself in one round. Parts are from 0 to 100; what this board does not measure is undefined. */
export interface Reading {
  version: string;
  board: string;
  uptime_s: number | undefined;
  cpu: number | undefined;
  memory: number | undefined;
  disk: number | undefined;
  temperature: number | undefined;
  /** Its clock less ours, in seconds. */
  clockOff_s: number | undefined;
  ports: Port[];
}

export type Answer =
  | { kind: 'read'; reading: Reading }
  /** It answers, but not us: wrong password, or a user with too few rights. */
  | { kind: 'refused'; words: string }
  | { kind: 'away'; words: string };

type Ask = (words: readonly string[]) => Promise<ApiOutcome>;

/** Asks a router how it is: four short questions on one connection. Interfaces of PPPoE sessions are left out: there may be thousands. */
export async function readRouter(ask: Ask, now_ms: () => number): Promise<Answer> {
  const resource = await ask([
    '/system/resource/print',
    '=.proplist=version,board-name,uptime,cpu-load,free-memory,total-memory,free-hdd-space,total-hdd-space',
  ]);
  if (resource.kind !== 'done') return faultOf(resource);
  const ports = await ask([
    '/interface/print',
    '=.proplist=name,running,disabled,rx-byte,tx-byte',
    '?type=pppoe-in',
    '?#!',
  ]);
  if (ports.kind !== 'done') return faultOf(ports);
  const health = await ask(['/system/health/print']);
  const clock = await ask(['/system/clock/print']);
  const at_ms = now_ms();
  const row = resource.rows[0] ?? {};
  return {
    kind: 'read',
    reading: {
      version: row['version'] ?? '',
      board: row['board-name'] ?? '',
      uptime_s: parseDuration(row['uptime']),
      cpu: number(row['cpu-load']),
      memory: part(row['free-memory'], row['total-memory']),
      disk: part(row['free-hdd-space'], row['total-hdd-space']),
      // A board that measures nothing has no such menu, and a user may not see it: neither is a fault.
      temperature: health.kind === 'done' ? temperatureOf(health.rows) : undefined,
      clockOff_s: clock.kind === 'done' ? clockOff(clock.rows[0] ?? {}, at_ms) : undefined,
      ports: ports.rows.map(portOf),
    },
  };
}

function faultOf(outcome: Exclude<ApiOutcome, { kind: 'done' }>): Answer {
  if (outcome.kind === 'login_refused') return { kind: 'refused', words: '' };
  if (outcome.kind === 'refused') return { kind: 'refused', words: outcome.message };
  return { kind: 'away', words: outcome.kind === 'unreachable' ? outcome.message : '' };
}

function number(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || text === '' || Number.isNaN(value) ? undefined : value;
}

function part(free: string | undefined, total: string | undefined): number | undefined {
  const [left, all] = [number(free), number(total)];
  return left === undefined || all === undefined || all === 0 ? undefined : Math.round((1 - left / all) * 1000) / 10;
}

/** RouterOS 7 has a row for each sensor, 6 one row with a column for each. The processor's counts most, then the board's. */
function temperatureOf(rows: readonly Row[]): number | undefined {
  const named = new Map(rows.map((row) => [row['name'] ?? '', row['value']]));
  const [first = {}] = rows;
  for (const name of ['cpu-temperature', 'temperature', 'board-temperature1', 'sfp-temperature']) {
    const value = number(named.get(name) ?? first[name]);
    if (value !== undefined) return value;
  }
  return undefined;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** `jan/02/2006` before 7.10, ISO 8601 since; local time with its offset. */
function clockOff(row: Row, at_ms: number): number | undefined {
  const { date = '', time = '' } = row;
  const old = /^([a-z]{3})\/(\d\d)\/(\d{4})$/.exec(date);
  const iso = old ? `${old[3]}-${String(MONTHS.indexOf(old[1] ?? '') + 1).padStart(2, '0')}-${old[2]}` : date;
  const offset = /^([+-])(\d\d):(\d\d)$/.exec(row['gmt-offset'] ?? '+00:00');
  const local_ms = Date.parse(`${iso}T${time}Z`);
  if (Number.isNaN(local_ms) || !offset) return undefined;
  const east_ms = (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000;
  return Math.round((local_ms - east_ms - at_ms) / 1000);
}

function portOf(row: Row): Port {
  return {
    name: row['name'] ?? '',
    running: row['running'] === 'true',
    disabled: row['disabled'] === 'true',
    rx: number(row['rx-byte']) ?? 0,
    tx: number(row['tx-byte']) ?? 0,
  };
}

/** Bits a second of each interface since the last round. After a restart of the router counters begin anew, and there is no rate for one round. */
export function ratesOf(
  before: readonly Port[],
  now: readonly Port[],
  seconds: number,
): Record<string, [rx: number, tx: number]> {
  const rates: Record<string, [number, number]> = {};
  if (seconds < 1) return rates;
  for (const port of now) {
    const was = before.find(({ name }) => name === port.name);
    if (was === undefined || port.rx < was.rx || port.tx < was.tx) continue;
    rates[port.name] = [Math.round(((port.rx - was.rx) * 8) / seconds), Math.round(((port.tx - was.tx) * 8) / seconds)];
  }
  return rates;
}
