import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ApiRefusal, type Api } from '../demo/api';
import { StartError } from '../start-error';
import type { FleetOptions } from './fleet-options';

/** A router as Lango knows it. */
export interface MadeRouter {
  name: string;
  address: string;
  coaPort: number;
  secret: string;
  subscribers: MadeSubscriber[];
  /** How often it has booted in all runs: no session id comes again before the sixteenth time. */
  boots: number;
}

export interface MadeSubscriber {
  username: string;
  password: string;
}

interface State {
  baseUrl: string;
  packageId: string;
  routers: MadeRouter[];
}

/** Requests to the API that are under way together. */
const AT_ONCE = 8;
const PORTS_TRIED = 50;

/**
 * Makes what the fleet needs and is not there yet, through the API: a plan, routers, and customers with an active subscription each. What was made is kept in
 * the state file, with its secrets, so that the next run uses it again. Gives the routers, each with its subscribers.
 * @throws StartError with Lango's words when it refuses
 */
export async function ensureCompany(o: FleetOptions, api: Api, told: (text: string) => void): Promise<MadeRouter[]> {
  const state = read(o);
  const keep = (): void => writeFileSync(o.stateFile, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  try {
    if (state.packageId === '') {
      state.packageId = await makePackage(o, api);
      keep();
    }
    while (state.routers.length < o.routers) {
      state.routers.push(await makeRouter(o, api, state.routers.length));
      keep();
    }
    await makeSubscribers(o, api, state, keep, told);
  } catch (error) {
    keep();
    if (error instanceof ApiRefusal) throw new StartError(`${o.baseUrl} refuses: ${error.message}`);
    if (error instanceof TypeError)
      throw new StartError(`${o.baseUrl} does not answer. Correct --api, or start Lango there.`);
    throw error;
  }
  return state.routers
    .slice(0, o.routers)
    .map((one) => ({ ...one, subscribers: one.subscribers.slice(0, o.subscribers), boots: one.boots ?? 0 }));
}

/** Keeps how often each router has booted by now, so that the next run goes on from there. */
export function keepBoots(o: FleetOptions, boots: ReadonlyMap<string, number>): void {
  const state = read(o);
  for (const router of state.routers) router.boots = boots.get(router.name) ?? router.boots ?? 0;
  writeFileSync(o.stateFile, `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

function read(o: FleetOptions): State {
  const empty: State = { baseUrl: o.baseUrl, packageId: '', routers: [] };
  if (!existsSync(o.stateFile)) return empty;
  const found = JSON.parse(readFileSync(o.stateFile, 'utf8')) as State;
  if (found.baseUrl === o.baseUrl) return found;
  throw new StartError(
    `${o.stateFile} is of ${found.baseUrl}. Give this run another --name or --state, or remove that file.`,
  );
}

async function makePackage(o: FleetOptions, api: Api): Promise<string> {
  const made = await api.post<{ id: string }>('packages', {
    name: `Simulated ${o.name}`,
    type: o.service,
    price_cents: 100,
    currency: 'KES',
    validity: { count: 1, unit: 'month' },
    down_kbps: o.down_kbps,
    up_kbps: o.up_kbps,
    interim_s: o.interim_s,
  });
  return made.id;
}

async function makeRouter(o: FleetOptions, api: Api, n: number): Promise<MadeRouter> {
  const address = after(o.address, n);
  const coaPort = await freePort(address, o.coaPort);
  const secret = randomBytes(18).toString('base64url');
  const name = `${o.name}-${String(n + 1).padStart(3, '0')}`;
  await api.post('routers', { name, address, coa_port: coaPort, type: 'mikrotik', secret });
  return { name, address, coaPort, secret, subscribers: [], boots: 0 };
}

async function makeSubscribers(
  o: FleetOptions,
  api: Api,
  state: State,
  keep: () => void,
  told: (text: string) => void,
): Promise<void> {
  const wanted = state.routers.slice(0, o.routers).flatMap((router) => {
    const missing = Math.max(0, o.subscribers - router.subscribers.length);
    return Array.from({ length: missing }, (_, n) => ({ router, n: router.subscribers.length + n + 1 }));
  });
  if (wanted.length === 0) return;
  told(`making ${wanted.length} customers …`);
  let done = 0;
  const one = async (): Promise<void> => {
    for (let next = wanted.shift(); next !== undefined; next = wanted.shift()) {
      next.router.subscribers.push(await makeSubscriber(api, state.packageId, `${next.router.name}-${next.n}`));
      done += 1;
      if (done % 100 === 0) keep();
      if (done % 500 === 0) told(`${done} customers are made`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  keep();
}

async function makeSubscriber(api: Api, packageId: string, name: string): Promise<MadeSubscriber> {
  // A run that was broken off may have left one of this name.
  const username = `${name}-${randomBytes(3).toString('hex')}`;
  const password = randomBytes(9).toString('base64url');
  const client = await api.post<{ id: string }>('clients', { name: `Simulated ${name}`, phone: phone() });
  const sold = { client_id: client.id, package_id: packageId, username, password };
  const { id } = await api.post<{ id: string }>('subscriptions', sold);
  await api.post(`subscriptions/${id}/activate`, {});
  return { username, password };
}

/** Of a range that is given to nobody. */
function phone(): string {
  return `+25470000${String(randomBytes(2).readUInt16BE() % 10_000).padStart(4, '0')}`;
}

/** The n-th address after this one, without those that end in 0 or 255. */
export function after(address: string, n: number): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const at = Math.max(d, 1) - 1 + n;
  const third = c + Math.floor(at / 254);
  return [a, b + Math.floor(third / 256), third % 256, (at % 254) + 1].join('.');
}

async function freePort(address: string, first: number): Promise<number> {
  for (let port = first; port < Math.min(first + PORTS_TRIED, 65_536); port += 1) {
    const fault = await tryPort(address, port);
    if (fault === undefined) return port;
    if (fault !== 'EADDRINUSE')
      throw new StartError(
        `${address} cannot be used (${fault}): simulated routers need addresses of this machine. Set --address.`,
      );
  }
  throw new StartError(
    `UDP ports ${first} and the ${PORTS_TRIED - 1} after it are taken on ${address}. Set --coa-port.`,
  );
}

function tryPort(address: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      done(error.code ?? error.message);
    });
    socket.bind(port, address, () => socket.close(() => done(undefined)));
  });
}
