import { consoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import type { ApiClient } from '../test-kit/api-client';
import type { Json } from '../test-kit/story';

let lango: TestLango;
let second: ApiClient;
let secondId: string;
let subject = 0;
const SECOND = 'second@example.net';

beforeAll(async () => {
  lango = await startTestLango();
  [secondId, second] = await colleague(SECOND, 'finance');
}, 60_000);
afterAll(() => lango?.stop());

async function colleague(email: string, role: string): Promise<[string, ApiClient]> {
  const [row] = await lango.asOwner<{ id: string }>(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash)
     SELECT s.tenant_id, r.id, $2, 'Second', s.password_hash FROM staff s, staff_role r WHERE s.id = $1 AND r.key = $3 AND r.tenant_id IS NULL RETURNING id`,
    [lango.company.staffId.toString(), email, role],
  );
  return [row!.id, await lango.signIn(email, lango.company.password)];
}

/** Within the company, as its commands are. */
const within = <T extends object>(select: string, values: unknown[] = []): Promise<T[]> =>
  lango.asOwner<T>(`WITH c AS MATERIALIZED (SELECT set_config('lango.tenant', $1, false) AS v) ${select}`, [
    lango.company.tenantId.toString(),
    ...values,
  ]);

async function asked(by: string | null = lango.company.staffId.toString(), valid = '1 day'): Promise<string> {
  const [row] = await within<{ id: string }>(
    `SELECT approval_ask('payments.refund', $2, 600000, 'KES', 'Wanjiru · R1', '/payments', $3::bigint, 'Amina', $4::interval) AS id FROM c WHERE v <> ''`,
    [(subject += 1), by, valid],
  );
  return row!.id;
}
const told = () =>
  lango.asOwner<{ payload: Json }>(
    `SELECT j.payload FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id WHERE t.identifier = 'payments.refund' ORDER BY j.id`,
  );
const stateOf = async (id: string) => (await lango.api.get<Json>(`/approvals/${id}`)).body['state'];

test('who asked cannot agree to it; another person can, once, and the task hears of it', async () => {
  const id = await asked();
  const own = await lango.api.post<Json>(`/approvals/${id}/approve`, {});
  expect([own.status, own.body['error'].code]).toEqual([409, 'own_request']);
  const good = await second.post<Json>(`/approvals/${id}/approve`, { note: 'seen the slip' });
  expect([good.status, good.body]).toMatchObject([
    201,
    { state: 'approved', decided_by: secondId, note: 'seen the slip' },
  ]);
  const again = await second.post<Json>(`/approvals/${id}/refuse`, {});
  expect([again.status, again.body['error'].code]).toEqual([409, 'decided']);
  expect((await told()).map((row) => row.payload)).toContainEqual({
    tenant: lango.company.tenantId.toString(),
    approval: id,
    subject: String(subject),
    state: 'approved',
  });
  const [first] = await within<{ done: boolean }>(
    `SELECT approval_done('payments.refund', $2) AS done FROM c WHERE v <> ''`,
    [subject],
  );
  const [once] = await within<{ done: boolean }>(
    `SELECT approval_done('payments.refund', $2) AS done FROM c WHERE v <> ''`,
    [subject],
  );
  expect([first!.done, once!.done, await stateOf(id)]).toEqual([true, false, 'done']);
});

test('of two who decide at once one is heard', async () => {
  const id = await asked(null);
  const answers = await Promise.all([
    lango.api.post(`/approvals/${id}/approve`, {}),
    second.post(`/approvals/${id}/refuse`, {}),
  ]);
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, 409]);
});

test('the database itself lets nobody decide on their own, skip the decision, or change what was asked for', async () => {
  const id = await asked();
  const own = lango.company.staffId.toString();
  const wrong = async (set: string) =>
    expect(lango.asOwner(`UPDATE approval SET ${set} WHERE id = $1`, [id])).rejects.toThrow(
      /check constraint|cannot become|does not change/,
    );
  await wrong(`state = 'approved', decided_by = ${own}, decided_name = 'x'`);
  await wrong(`state = 'approved'`);
  await wrong(`state = 'done', decided_by = ${secondId}`);
  await wrong(`state = 'refused', decided_by = ${secondId}, amount_cents = 1`);
  await expect(lango.asOwner('DELETE FROM approval WHERE id = $1', [id])).rejects.toThrow(/stays on record/);
  await second.post(`/approvals/${id}/refuse`, { note: 'no' });
  await wrong(`state = 'approved'`);
  expect(await stateOf(id)).toBe('refused');
});

test('nobody decides in time: it is over, and the task is told', async () => {
  const id = await asked(null, '-1 second');
  const late = await second.post<Json>(`/approvals/${id}/approve`, {});
  expect([late.status, late.body['error'].code]).toEqual([409, 'decided']);
  await lango.asOwner('SELECT approval_expire()');
  expect(await stateOf(id)).toBe('expired');
  expect((await told()).map((row) => row.payload)).toContainEqual(
    expect.objectContaining({ approval: id, state: 'expired' }),
  );
});

test('a limit is the company’s: up to it one person is enough, in its own currency', async () => {
  const needed = async (cents: number, currency = 'KES') =>
    (
      await within<{ n: boolean }>(`SELECT approval_needed('payments.refund', $2, $3) AS n FROM c WHERE v <> ''`, [
        cents,
        currency,
      ])
    )[0]!.n;
  expect([await needed(500_000), await needed(500_001), await needed(100, 'USD')]).toEqual([false, true, true]);
  const saved = await lango.api.put<Json[]>('/approvals/limits', { kind: 'payments.refund', limit_cents: 0 });
  expect(saved.body).toContainEqual({ kind: 'payments.refund', limit_cents: 0, currency: 'KES', own: true });
  expect(await needed(1)).toBe(true);
  expect((await second.put('/approvals/limits', { kind: 'payments.refund', limit_cents: 9 })).status).toBe(403);
  expect((await lango.api.put('/approvals/limits', { kind: 'no.such', limit_cents: 9 })).status).toBe(422);
});

test('the console shows what waits, tells who asked that another must decide, and takes the decision', async () => {
  const id = await asked();
  const mine = await consoleClient(lango);
  const page = await mine.get(`/approvals/${id}`);
  expect(page.text).toContain('somebody else has to decide');
  expect(page.text).not.toContain('name="decision"');
  expect((await mine.post(`/approvals/${id}`, { decision: 'approve' })).status).toBe(409);
  const theirs = await consoleClient(lango, { email: SECOND, password: lango.company.password });
  expect((await theirs.get('/approvals')).text).toContain(`/approvals/${id}`);
  const done = await theirs.post(`/approvals/${id}`, { decision: 'approve', note: '' });
  expect([done.status, done.location]).toEqual([303, `/approvals/${id}`]);
  expect((await theirs.get(`/approvals/${id}`)).text).toContain('Approved');
  expect((await theirs.get('/approvals')).text).not.toContain(`/approvals/${id}"`);
  const settings = await mine.post('/approvals/settings', { kind_payments_refund: '2,500' });
  expect(settings.status).toBe(303);
  expect((await mine.get('/approvals/settings')).text).toContain('value="2500"');
  expect((await mine.post('/approvals/settings', { kind_payments_refund: 'much' })).status).toBe(422);
});

test('what one company asks for is nobody else’s', async () => {
  const id = await asked();
  const other = await lango.addCompany();
  expect((await other.api.get(`/approvals/${id}`)).status).toBe(404);
  expect((await other.api.post(`/approvals/${id}/approve`, {})).status).toBe(404);
  expect((await other.api.get<{ items: Json[] }>('/approvals?all=true')).body.items).toEqual([]);
});
