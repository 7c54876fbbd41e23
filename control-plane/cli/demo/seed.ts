import { createSocket } from 'node:dgram';
import type { Api } from './api';
import { demoSecret, people, plans, type Person } from './people';

interface Named {
  id: string;
  name: string;
}

const routerName = 'Kilimani tower';

/** Where the simulated router is: what it sends from and where it takes CoA. */
export interface DemoRouter {
  id: string;
  address: string;
  coa_port: number;
  has_api_password: boolean;
}

/** The user of the router's API, by which the console knows how the router is. */
export function apiUser(masterKey: Buffer): { name: string; password: string } {
  return { name: 'lango', password: demoSecret(masterKey, 'router-api') };
}

/** Another demo on this machine may have the first address; 127.0.0.1 stays free for tests with radclient. */
const addresses = Array.from({ length: 20 }, (_, i) => `127.77.0.${i + 1}`);
const coaPort = 3799;
/** Of RouterOS; the address is the router's own. */
export const apiPort = 8728;

/** Those who have not paid yet, so that the console shows more than one state. */
const unpaid = 3;

/**
 * The demo's router, made through the API if it is missing; one of an earlier version is given its API user. It forgets what it was told when it ends, so
 * where its secrets were replaced meanwhile it gets those that it starts with.
 */
export async function seedRouter(api: Api, masterKey: Buffer): Promise<DemoRouter> {
  const routers = await api.all<Named & DemoRouter>('routers');
  const found = routers.find(({ name }) => name === routerName);
  if (found === undefined) return addRouter(api, masterKey);
  const { runs } = await api.get<{ runs: { state: string }[] }>(`routers/${found.id}/rotation`);
  // One that is under way tells the router what it needs by itself.
  if (runs[0]?.state === 'running') return found;
  if (!found.has_api_password || runs.length > 0)
    await api.patch(`routers/${found.id}`, { secret: demoSecret(masterKey, 'router'), ...apiFields(masterKey) });
  return found;
}

function apiFields(masterKey: Buffer): object {
  const { name, password } = apiUser(masterKey);
  return { api_username: name, api_password: password, api_port: apiPort };
}

/**
 * Makes the plans and customers that the demo ISP lacks, through the API. Safe to call at every start.
 * `served` hears of each customer as soon as there is service for them, so that the console fills while this goes on.
 */
export async function seedPeople(api: Api, masterKey: Buffer, served: (person: Person) => void): Promise<void> {
  const ids = await seedPlans(api);
  const known = new Set((await api.all<{ phone: string }>('clients')).map((client) => client.phone));
  for (const [i, person] of people.entries()) {
    if (!known.has(person.phone)) await seedPerson(api, masterKey, person, ids, i >= unpaid);
    served(person);
  }
}

async function addRouter(api: Api, masterKey: Buffer): Promise<DemoRouter> {
  const secret = demoSecret(masterKey, 'router');
  return api.post<DemoRouter>('routers', {
    name: routerName,
    address: await freeAddress(),
    coa_port: coaPort,
    type: 'mikrotik',
    secret,
    ...apiFields(masterKey),
  });
}

async function freeAddress(): Promise<string> {
  for (const address of addresses) if (await isFree(address)) return address;
  throw new Error(
    `UDP port ${coaPort} is taken on ${addresses[0]} and the ${addresses.length - 1} addresses after it.`,
  );
}

function isFree(address: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      done(false);
    });
    socket.bind(coaPort, address, () => socket.close(() => done(true)));
  });
}

async function seedPlans(api: Api): Promise<Map<string, string>> {
  const ids = new Map((await api.all<Named>('packages')).map((plan) => [plan.name, plan.id]));
  for (const plan of plans) {
    if (!ids.has(plan.name)) ids.set(plan.name, (await api.post<Named>('packages', { ...plan, currency: 'KES' })).id);
  }
  return ids;
}

async function seedPerson(
  api: Api,
  masterKey: Buffer,
  person: Person,
  ids: Map<string, string>,
  pays: boolean,
): Promise<void> {
  const { name, phone, username } = person;
  const client = await api.post<Named>('clients', { name, phone });
  const password = demoSecret(masterKey, username);
  const subscription = await api.post<{ id: string }>('subscriptions', {
    client_id: client.id,
    package_id: ids.get(person.plan),
    username,
    password,
  });
  if (pays) await pay(api, subscription.id, person);
}

/** A customer pays the price of their plan in cash. */
export async function pay(api: Api, subscriptionId: string, person: Person): Promise<void> {
  const amount_cents = plans.find((plan) => plan.name === person.plan)?.price_cents;
  const reference = `DEMO-${person.username}-${Date.now().toString(36)}`.toUpperCase();
  await api.post('billing/transactions', { subscription_id: subscriptionId, amount_cents, method: 'cash', reference });
}
