import type { Api } from './api';
import { demoSecret, people, plans, type Person } from './people';

interface Named {
  id: string;
  name: string;
}

/** The address that the simulated router sends from. 127.0.0.1 stays free for real tests with radclient. */
export const demoRouter = { name: 'Kilimani tower', address: '127.77.0.1', coa_port: 3799 };

/** Those who have not paid yet, so that the console shows more than one state. */
const unpaid = 3;

/** Makes what the demo ISP lacks, through the API. Safe to call at every start. */
export async function seedDemo(api: Api, masterKey: Buffer): Promise<void> {
  const routers = await api.all<Named>('routers');
  if (!routers.some((router) => router.name === demoRouter.name)) {
    await api.post('routers', { ...demoRouter, type: 'mikrotik', secret: demoSecret(masterKey, 'router') });
  }
  const ids = await seedPlans(api);
  const known = new Set((await api.all<{ phone: string }>('clients')).map((client) => client.phone));
  for (const [i, person] of people.entries()) {
    if (!known.has(person.phone)) await seedPerson(api, masterKey, person, ids, i >= unpaid);
  }
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
