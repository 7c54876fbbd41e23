import type { ApiClient } from './api-client';

/** Anything the API answered with: an id and whatever else. */
export type Made = { id: string } & Record<string, unknown>;

let count = 0;
/** A number that no other thing of this test run has. */
export function unique(): number {
  return (count += 1);
}

async function make(api: ApiClient, path: string, body: unknown): Promise<Made> {
  const answer = await api.post<Made>(path, body);
  if (answer.status !== 201 && answer.status !== 200)
    throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A 30-day PPPoE package of 10/5 Mbit/s for KES 1,500 without a cap. */
export function makePackage(api: ApiClient, over: Record<string, unknown> = {}): Promise<Made> {
  return make(api, '/packages', {
    name: `Home ${unique()}`,
    type: 'pppoe',
    price_cents: 150_000,
    currency: 'KES',
    validity: { count: 30, unit: 'day' },
    down_kbps: 10_000,
    up_kbps: 5_000,
    ...over,
  });
}

/** A client with a phone number of their own. */
export function makeClient(api: ApiClient, over: Record<string, unknown> = {}): Promise<Made> {
  const n = unique();
  return make(api, '/clients', { name: `Client ${n}`, phone: `+2547${String(10_000_000 + n)}`, ...over });
}

/** A subscription of a new client on a new package (or the ids given); active unless `pending` is asked for. */
export async function makeSubscription(
  api: ApiClient,
  over: {
    client_id?: string;
    package_id?: string;
    username?: string;
    password?: string;
    package?: Record<string, unknown>;
    pending?: boolean;
  } = {},
): Promise<Made> {
  const n = unique();
  const made = await make(api, '/subscriptions', {
    client_id: over.client_id ?? (await makeClient(api)).id,
    package_id: over.package_id ?? (await makePackage(api, over.package)).id,
    username: over.username ?? `user${n}`,
    password: over.password ?? `secret${n}`,
  });
  return over.pending ? made : make(api, `/subscriptions/${made.id}/activate`, {});
}

/** A MikroTik at an address of its own. */
export function makeRouter(api: ApiClient, over: Record<string, unknown> = {}): Promise<Made> {
  const n = unique();
  return make(api, '/routers', {
    name: `Router ${n}`,
    address: `127.90.${(n >> 8) & 255}.${n & 255}`,
    secret: `radius-${n}`,
    type: 'mikrotik',
    ...over,
  });
}
