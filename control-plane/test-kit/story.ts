import { randomBytes } from 'node:crypto';
import type { ApiClient } from './api-client';
import type { TestDatabase } from './database';
import { runSql } from './sql';

/** JSON of an answer, loosely: tests say what they expect of it. */
export type Json = { [name: string]: any }; // oxlint-disable-line typescript/no-explicit-any

let number = 0;
/** A text that no other test uses. */
export const unique = (what: string): string =>
  `${what}-${process.pid}-${(number += 1)}-${randomBytes(2).toString('hex')}`;

/** Posts and gives the object made. @throws when the API refuses, with its words */
export async function make(api: ApiClient, path: string, body: unknown): Promise<Json> {
  const answer = await api.post<Json>(path, body);
  if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A day of 10/5 Mbit/s for KES 100 unless said otherwise. */
export function makePackage(api: ApiClient, terms: Json = {}): Promise<Json> {
  return make(api, '/packages', {
    name: unique('Daily'),
    type: 'pppoe',
    price_cents: 10_000,
    currency: 'KES',
    validity: { count: 1, unit: 'day' },
    down_kbps: 10_000,
    up_kbps: 5_000,
    ...terms,
  });
}

export function makeClient(api: ApiClient, fields: Json = {}): Promise<Json> {
  return make(api, '/clients', { name: 'Wanjiru Kamau', phone: '0712345678', ...fields });
}

/** A MikroTik at an address of its own. */
export function makeRouter(api: ApiClient, fields: Json = {}): Promise<Json> {
  number += 1;
  return make(api, '/routers', {
    name: unique('Router'),
    address: `127.90.${(number >> 8) & 255}.${number & 255}`,
    secret: unique('radius'),
    type: 'mikrotik',
    ...fields,
  });
}

/** A client with a pending subscription on a package made for it. */
export async function makeSubscription(api: ApiClient, terms: Json = {}, fields: Json = {}): Promise<Json> {
  const client = await makeClient(api);
  const sold = await makePackage(api, terms);
  return make(api, '/subscriptions', {
    client_id: client['id'],
    package_id: sold['id'],
    username: unique('user'),
    password: 'open-sesame',
    ...fields,
  });
}

/** The same, running. */
export async function makeActive(api: ApiClient, terms: Json = {}, fields: Json = {}): Promise<Json> {
  const made = await makeSubscription(api, terms, fields);
  const answer = await api.post<Json>(`/subscriptions/${made['id']}/activate`);
  if (answer.status !== 200) throw new Error(`activate answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Runs SQL as the owner of the database, who sees everything. */
export function asOwner<T extends object = Json>(db: TestDatabase, sql: string, values: unknown[] = []): Promise<T[]> {
  return runSql<T>(db.ownerUrl, sql, values);
}

/** Sets Lango's clock to so far from the real one ('2 days', '-1 hour', '0'). */
export async function shiftClock(db: TestDatabase, shift: string): Promise<void> {
  await asOwner(db, `UPDATE platform_clock SET shift = $1::interval`, [shift]);
  await asOwner(db, `NOTIFY lango_clock`);
}

/** An open session of a subscription, as accounting would have written it, with no router behind it. Gives its id. */
export async function openSession(
  db: TestDatabase,
  subscriptionId: string,
  fields: { nas_id?: string; mode?: string; mac?: string } = {},
): Promise<string> {
  const [row] = await asOwner<{ radacctid: string }>(
    db,
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, service, mode, mac, started_at, updated_at, received_at)
     SELECT s.tenant_id, $2, $3, s.id, s.username, '10.9.9.9', 'ppp', $4, $5, lango_now(), lango_now(), lango_now() FROM subscription s WHERE s.id = $1 RETURNING radacctid`,
    [subscriptionId, fields.nas_id ?? '1', unique('8f'), fields.mode ?? 'full', fields.mac ?? null],
  );
  if (!row) throw new Error(`no subscription ${subscriptionId}`);
  return row.radacctid;
}

/** Books usage into the running cycle, as accounting would have. */
export async function addUsage(db: TestDatabase, subscriptionId: string, bytes: number): Promise<void> {
  await asOwner(
    db,
    `INSERT INTO usage_cycle (subscription_id, cycle_no, tenant_id, started_at, output_bytes) SELECT id, cycle_no, tenant_id, lango_now(), $2 FROM subscription WHERE id = $1
     ON CONFLICT (subscription_id, cycle_no) DO UPDATE SET output_bytes = usage_cycle.output_bytes + excluded.output_bytes`,
    [subscriptionId, bytes],
  );
}
