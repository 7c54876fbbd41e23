import { verifyLedger } from '../ledger';
import { Client } from 'pg';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { make, makeActive, openSession, type Json } from '../test-kit/story';

let lango: TestLango;
beforeAll(async () => {
  lango = await startTestLango();
});
afterAll(() => lango.stop());

/** A person with everything that can be held on one. */
async function person(): Promise<Json> {
  const made = await makeActive(
    lango.api,
    {},
    { username: 'njeri.private', static_ip: '10.66.0.9', mac_lock: '48:A9:8A:1C:77:E0' },
  );
  await lango.api.patch(`/clients/${made['client_id']}`, {
    name: 'Njeri Private',
    phone: '0799123456',
    email: 'njeri@private.example',
  });
  await make(lango.api, '/billing/transactions', {
    subscription_id: made['id'],
    amount_cents: 12_345,
    method: 'cash',
    reference: 'RCPT-9',
  });
  await openSession(lango.db, made['id'], { mac: '48:A9:8A:1C:77:E0' });
  const tenant = lango.company.tenantId.toString();
  await lango.asOwner(
    `INSERT INTO message (tenant_id, kind, urgency, channel, recipient, locale, subscriber_id, data, body, state, due_at)
     VALUES ($1, 'welcome', 'now', 'sms', '+254799123456', 'en', $2, '{"name": "Njeri Private"}', 'Karibu Njeri', 'sent', NULL),
            ($1, 'test', 'now', 'email', 'njeri@private.example', 'en', NULL, '{"name": "Njeri"}', NULL, 'waiting', now())`,
    [tenant, made['client_id']],
  );
  await lango.asOwner(
    `INSERT INTO hook_event (tenant_id, kind, by_token, body, state, next_try_at) VALUES ($1, 'africastalking', true, 'id=1&phoneNumber=%2B254799123456', 'done', NULL)`,
    [tenant],
  );
  await lango.asOwner(
    `INSERT INTO subscriber_note (tenant_id, subscriber_id, staff_id, body) VALUES ($1, $2, $3, 'Njeri has a dog')`,
    [tenant, made['client_id'], lango.company.staffId.toString()],
  );
  await lango.asOwner(
    `INSERT INTO radpostauth (tenant_id, username, pass, reply) VALUES ($1, 'njeri.private', '', 'Access-Accept')`,
    [tenant],
  );
  return made;
}
const end = (subscription: string) =>
  lango.asOwner(`UPDATE session_live SET stopped_at = lango_now(), closed_by = 'stop' WHERE subscription_id = $1`, [
    subscription,
  ]);

/**
 * Where a text still stands, over every table of the database but the audit, which its chain keeps whole, and what goes by itself: answers kept for
 * repeated requests, and the list of logins that the copy beside FreeRADIUS must forget.
 */
async function whereIs(text: string): Promise<string[]> {
  const tables = await lango.asOwner<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
       AND c.relname NOT IN ('audit_event', 'platform_idempotency', 'snapshot_change')`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await lango.asOwner(`SELECT 1 FROM ${name} x WHERE strpos(lower(x::text), lower($1)) > 0 LIMIT 1`, [
      text,
    ]);
    if (rows.length > 0) found.push(name);
  }
  return found;
}

test('what is held on a person is given to them whole, without a password', async () => {
  const made = await person();
  const { status, body } = await lango.api.get<Json>(`/clients/${made['client_id']}/data`);
  expect(status).toBe(200);
  expect(body['person']).toMatchObject({ name: 'Njeri Private', phone: '+254799123456' });
  expect(body['services'][0]).toMatchObject({ username: 'njeri.private', static_ip: '10.66.0.9' });
  expect(body['payments'][0]).toMatchObject({ reference: 'RCPT-9', amount_cents: 12_345 });
  expect(body['sessions'][0]).toMatchObject({ mac: '48:A9:8A:1C:77:E0' });
  expect(body['messages']).toMatchObject([{ kind: 'welcome', body: 'Karibu Njeri' }]);
  expect(body['notes']).toEqual([expect.objectContaining({ body: 'Njeri has a dog' })]);
  expect(body['wallet'].length).toBeGreaterThan(0);
  expect(body['what_staff_did'].length).toBeGreaterThan(2);
  expect(JSON.stringify(body)).not.toContain('open-sesame');
  const theirs = await lango.addCompany();
  expect((await theirs.api.get(`/clients/${made['client_id']}/data`)).status).toBe(404);
  expect((await theirs.api.post(`/clients/${made['client_id']}/erase`)).status).toBe(404);

  // Online: first the cut, then the erasure.
  const online = await lango.api.post<Json>(`/clients/${made['client_id']}/erase`);
  expect(online).toMatchObject({ status: 409, body: { error: { code: 'is_online' } } });
  await lango.api.delete(`/clients/${made['client_id']}`);
  await end(made['id']);
  await lango.setRole(lango.company, 'support');
  expect((await lango.api.post(`/clients/${made['client_id']}/erase`)).status).toBe(403);
  await lango.setRole(lango.company, 'isp_admin');
  const balances = () => lango.asOwner('SELECT id, balance_cents, version FROM ledger_account ORDER BY id');
  const before = await balances();
  const erased = await lango.api.post<Json>(`/clients/${made['client_id']}/erase`);
  expect(erased).toMatchObject({ status: 200, body: { erased: { services: 1, sessions: 1, logins: 1, notes: 1 } } });

  for (const text of ['njeri', '799123456', '48:A9:8A:1C:77:E0', 'has a dog', '10.66.0.9'])
    expect({ text, at: await whereIs(text) }).toEqual({ text, at: [] });
  expect(await lango.asOwner('SELECT 1 FROM hook_event')).toEqual([]);
  // The books stand as they stood, and the receipt is still there.
  expect(await balances()).toEqual(before);
  expect(await whereIs('RCPT-9')).toContain('payment');
  const owner = new Client({ connectionString: lango.db.ownerUrl });
  await owner.connect();
  try {
    expect((await verifyLedger(owner)).ok).toBe(true);
  } finally {
    await owner.end();
  }
  expect((await lango.api.post<Json>(`/clients/${made['client_id']}/erase`)).body['error']['code']).toBe(
    'already_erased',
  );
  expect(await lango.asOwner(`SELECT 1 FROM audit_event WHERE action = 'subscribers.erase'`)).toHaveLength(1);
  // The login is free for somebody else.
  await makeActive(lango.api, {}, { username: 'njeri.private' });
});
