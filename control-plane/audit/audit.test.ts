import { Client, type Pool } from 'pg';
import { createPool } from '../platform/db/pool';
import { consoleClient } from '../test-kit/console-client';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { jobs } from './jobs';
import { verifyAudit } from './verify-audit';

let lango: TestLango;
let pool: Pool;
beforeAll(async () => {
  lango = await startTestLango();
  pool = createPool(lango.db.urls.jobs, 'jobs', 4);
});
afterAll(async () => {
  await pool.end();
  await lango.stop();
});

const seal = async (): Promise<number> => {
  const { rows } = await pool.query<{ sealed: number }>('SELECT audit_seal_events(1000) AS sealed');
  return rows[0]?.sealed ?? 0;
};

test('what is done stands in the audit of its own company, with who did it', async () => {
  const other = await lango.addCompany();
  const mine = await lango.api.get<{ items: { action: string; actor: { name: string }; ip: string; id: string }[] }>(
    '/audit?action=staff.sign_in',
  );
  expect(mine.body.items).toHaveLength(1);
  expect(mine.body.items[0]).toMatchObject({
    action: 'staff.sign_in',
    actor: { kind: 'staff', name: lango.company.email },
    ip: '127.0.0.1',
    detail: { via: 'api' },
  });
  const theirs = await other.api.get<{ items: { id: string }[] }>('/audit');
  expect(theirs.body.items.map((item) => item.id)).not.toContain(mine.body.items[0]?.id);
});

test('events are sealed once, in one chain, by one sealer however many try', async () => {
  const sealed = await Promise.all([seal(), seal(), seal()]);
  const total = sealed.reduce((sum, n) => sum + n, 0) + (await seal());
  expect(total).toBeGreaterThanOrEqual(3);
  expect(await seal()).toBe(0);
  expect(await verifyAudit(pool)).toMatchObject({
    checked: total,
    unsealed: 0,
    problem: undefined,
    head: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('the job seals what a transaction wrote late, under an older id', async () => {
  const writer = new Client({ connectionString: lango.db.ownerUrl });
  await writer.connect();
  const insert = `INSERT INTO audit_event (tenant_id, actor_kind, actor_name, action, subject_type, subject_id) VALUES (${lango.company.tenantId}, 'system', 't', 'test.late', 't', '1')`;
  await writer.query('BEGIN');
  await writer.query(insert);
  await lango.asOwner(insert);
  expect(await seal()).toBe(1);
  await writer.query('COMMIT');
  await writer.end();
  const job = jobs.find(({ name }) => name === 'audit.seal');
  expect(await job?.run(pool, { log: undefined as never, dataDir: '', scheduledFor: new Date() })).toBe(1);
  expect(await verifyAudit(pool)).toMatchObject({ unsealed: 0, problem: undefined });
});

test.each([
  [
    `UPDATE audit_event SET detail = '{"forged": true}' WHERE id = (SELECT event_id FROM audit_seal WHERE seq = 2)`,
    /changed/,
  ],
  [`DELETE FROM audit_event WHERE id = (SELECT event_id FROM audit_seal WHERE seq = 2)`, /removed/],
  [`DELETE FROM audit_seal WHERE seq = 2`, /missing/],
  [`UPDATE audit_seal SET previous_hash = '\\x00' WHERE seq = 2`, /follow/],
  // One altered letter or byte, wherever it stands.
  ...['actor_name', 'action', 'subject_type', 'subject_id', 'request_id'].map((column): [string, RegExp] => [
    `UPDATE audit_event SET ${column} = overlay(${column} PLACING '#' FROM 1 FOR 1) WHERE id = (SELECT event_id FROM audit_seal WHERE seq = 2)`,
    /changed/,
  ]),
  [`UPDATE audit_event SET ip = '198.51.100.1' WHERE id = (SELECT event_id FROM audit_seal WHERE seq = 2)`, /changed/],
  [
    `UPDATE audit_event SET actor_id = actor_id + 1, detail = detail WHERE id = (SELECT event_id FROM audit_seal s JOIN audit_event e ON e.id = s.event_id WHERE e.actor_id IS NOT NULL LIMIT 1)`,
    /changed/,
  ],
  [
    `UPDATE audit_event SET tenant_id = tenant_id + 1 WHERE id = (SELECT event_id FROM audit_seal WHERE seq = 2)`,
    /changed/,
  ],
  [`UPDATE audit_seal SET hash = set_byte(hash, 5, get_byte(hash, 5) # 1) WHERE seq = 2`, /changed/],
])('forgery %# is found', async (sql, problem) => {
  const owner = new Client({ connectionString: lango.db.ownerUrl });
  await owner.connect();
  await owner.query('BEGIN');
  await owner.query(sql);
  expect((await verifyAudit(owner)).problem).toMatch(problem);
  await owner.query('ROLLBACK');
  await owner.end();
});

test('the page shows what was done, by whom and to what, filtered by the address alone', async () => {
  const admin = await consoleClient(lango);
  const person = { email: 'audited@example.net', name: 'Pendo', password: 'kiboko-mtoni-42', role: 'support' };
  const made = await lango.api.post<{ id: string }>('/staff', person);
  const page = await admin.get(`/audit?q=staff.create&type=staff&id=${made.body.id}`);
  expect(page.status).toBe(200);
  expect(page.text).toContain('Added a colleague');
  expect(page.text).toContain('email: audited@example.net');
  expect(page.text).toContain(`/staff/${made.body.id}`);
  expect((await admin.get('/audit?q=staff.create&to=2001-01-01')).text).not.toContain('audited@example.net');
  expect((await admin.get(`/audit?staff=${lango.company.staffId}&from=2001-01-01`)).text).toContain(
    'audited@example.net',
  );
  const other = await consoleClient(lango, await lango.addCompany());
  expect((await other.get('/audit')).text).not.toContain('audited@example.net');
});

test('the web role can add to the audit and change nothing in it', async () => {
  const web = new Client({ connectionString: lango.db.urls.web });
  await web.connect();
  await web.query(`SELECT set_config('lango.tenant', $1, false)`, [lango.company.tenantId.toString()]);
  await expect(web.query('DELETE FROM audit_event')).rejects.toThrow(/permission denied/);
  await expect(web.query(`UPDATE audit_event SET action = 'x'`)).rejects.toThrow(/permission denied/);
  await expect(web.query('DELETE FROM audit_seal')).rejects.toThrow(/permission denied/);
  await web.end();
});
