import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { innerAddress } from '../../../radius/part';
import type { Config } from '../../platform/config';
import type { CoaBehaviour, RouterOsVersion } from '../../test-kit/mikrotik';
import { readOptions } from '../options';
import { StartError } from '../start-error';

/** What a fleet of simulated routers is to do. */
export interface FleetOptions {
  baseUrl: string;
  token: string;
  /** Where what was made through the API is kept for the next run, mode 0600. */
  stateFile: string;
  name: string;
  routers: number;
  /** Of each router. */
  subscribers: number;
  service: 'pppoe' | 'hotspot';
  version: RouterOsVersion;
  /** Of the first router; the others follow. */
  address: string;
  coaPort: number;
  server: { address: string; authPort: number; acctPort: number };
  /** Dials a second, of all routers together. */
  rate: number;
  /** A session lasts so long on average; 0: until it is ended by Lango or the run. */
  session_s: number;
  interim_s: number;
  down_kbps: number;
  up_kbps: number;
  seed: number;
  /** 0: until Ctrl-C. */
  duration_s: number;
  every_s: number;
  faults: FleetFaults;
  json: string | undefined;
}

export interface FleetFaults {
  loss: number;
  replyLoss: number;
  duplicate: number;
  reorder: number;
  /** A router loses its power so often on average; 0: never. */
  reboot_s: number;
  coa: CoaBehaviour;
}

const usage =
  'npx lango simulate --routers=20 --subscribers=250 --token=TOKEN [--api=http://127.0.0.1:3000] [--rate=20] [--session=300] [--duration=600] …; all options: docs/operate/simulate.md';
const known = [
  'routers',
  'subscribers',
  'api',
  'token',
  'token-file',
  'state',
  'name',
  'service',
  'version',
  'address',
  'coa-port',
  'server',
  'auth-port',
  'acct-port',
  'rate',
  'session',
  'interim',
  'down-kbps',
  'up-kbps',
  'seed',
  'duration',
  'every',
  'faults',
  'json',
];
const versions = ['6.49', '7.14', '7.15', '7.18'] as const;
const behaviours: readonly CoaBehaviour[] = ['normal', 'silent', 'nak', 'ack_without_effect', 'wrong_secret'];

/** Reads the options. @throws StartError with a sentence that says what to write */
export function readFleetOptions(config: Config, args: readonly string[]): FleetOptions {
  const given = readOptions(args, known);
  const text = (name: string, otherwise: string): string => given.get(name)?.at(-1) ?? otherwise;
  const number = (name: string, otherwise: number, least: number, most: number): number => {
    const value = Number(text(name, String(otherwise)));
    if (Number.isFinite(value) && value >= least && value <= most) return value;
    throw new StartError(`--${name} must be a number from ${least} to ${most}.`);
  };
  const oneOf = <T extends string>(name: string, otherwise: T, all: readonly T[]): T => {
    const found = all.find((one) => one === text(name, otherwise));
    if (found !== undefined) return found;
    throw new StartError(`--${name} must be one of ${all.join(', ')}.`);
  };
  const name = text('name', 'simulated');
  if (!/^[a-z0-9-]{1,30}$/.test(name))
    throw new StartError('--name must be of small letters, digits and hyphens, 30 at most.');
  const address = text('address', '127.77.1.1');
  if (!isIPv4(address)) throw new StartError('--address must be an IPv4 address, of the first router.');
  const server = text('server', innerAddress(config.bind));
  return {
    baseUrl: text('api', config.publicUrl).replace(/\/$/, ''),
    token: tokenOf(text('token', ''), text('token-file', '')),
    stateFile: text('state', join(config.dataDir, `simulate-${name}.json`)),
    name,
    routers: Math.trunc(number('routers', 1, 1, 1000)),
    subscribers: Math.trunc(number('subscribers', 10, 1, 4000)),
    service: oneOf('service', 'pppoe', ['pppoe', 'hotspot']),
    version: oneOf('version', '7.18', versions),
    address,
    coaPort: Math.trunc(number('coa-port', 3799, 1, 65_535)),
    server: {
      address: server,
      authPort: number('auth-port', config.authPort, 1, 65_535),
      acctPort: number('acct-port', config.acctPort, 1, 65_535),
    },
    rate: number('rate', 20, 0.01, 5000),
    session_s: number('session', 0, 0, 86_400),
    interim_s: Math.trunc(number('interim', 60, 60, 3600)),
    down_kbps: Math.trunc(number('down-kbps', 5000, 64, 10_000_000)),
    up_kbps: Math.trunc(number('up-kbps', 1000, 64, 10_000_000)),
    seed: Math.trunc(number('seed', 1, 0, 2 ** 31)),
    duration_s: number('duration', 0, 0, 864_000),
    every_s: number('every', 5, 1, 3600),
    faults: readFaults(text('faults', '')),
    json: given.get('json')?.at(-1),
  };
}

function tokenOf(token: string, file: string): string {
  if (token !== '' && token !== 'true') return token;
  if (file === '') throw new StartError(`A token of the company is needed (console, API tokens). Use: ${usage}`);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new StartError(`--token-file ${file} cannot be read. Correct the path or its rights.`);
  }
}

/** `loss:0.02,duplicate:0.05,reboot:600,coa:silent` */
function readFaults(text: string): FleetFaults {
  const faults: FleetFaults = { loss: 0, replyLoss: 0, duplicate: 0, reorder: 0, reboot_s: 0, coa: 'normal' };
  const wrong = (): never => {
    throw new StartError(
      `--faults takes any of loss, reply-loss, duplicate, reorder (chances from 0 to 1), reboot (seconds) and coa (${behaviours.join(', ')}), as in loss:0.02,reboot:600.`,
    );
  };
  for (const part of text.split(',').filter((one) => one !== '')) {
    const [name = '', value = ''] = part.split(':');
    const chance = Number(value);
    if (name === 'coa') faults.coa = behaviours.find((one) => one === value) ?? wrong();
    else if (value === '' || !(chance >= 0)) wrong();
    else if (name === 'reboot') faults.reboot_s = chance;
    else if (chance > 1) wrong();
    else if (name === 'loss') faults.loss = chance;
    else if (name === 'reply-loss') faults.replyLoss = chance;
    else if (name === 'duplicate') faults.duplicate = chance;
    else if (name === 'reorder') faults.reorder = chance;
    else wrong();
  }
  return faults;
}
