import { setTimeout as sleep } from 'node:timers/promises';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { makeActive, makePackage, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';
import { plansByWord } from './judge';
import { signedInBrowser, type FormBrowser } from './testing/form-browser';

let lango: TestLango;
let staff: FormBrowser;
let plan: Json;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  staff = await signedInBrowser(lango);
  plan = await makePackage(lango.api, { name: 'Home 10' });
});
afterAll(() => lango.stop());

const show = async (id: string) => (await lango.api.get<Json>(`/bulk/${id}`)).body;
const post = (id: string, what: string) => lango.api.post(`/bulk/${id}/${what}`);
/** Not asked every moment: thousands of rows are counted for each answer. */
const settled = (id: string, state: string) =>
  until(
    async () => {
      await sleep(200);
      return show(id);
    },
    (run) => run['state'] === state,
    600_000,
  );
const rows = async (id: string, view: string) =>
  (await lango.api.get<{ items: Json[] }>(`/bulk/${id}/rows?view=${view}&limit=200`)).body.items;
const sub = async (username: string) =>
  (await lango.api.get<{ items: Json[] }>(`/subscriptions?username=${username}`)).body.items[0];

/** Uploads a file, takes the columns as they were guessed, and gives the run that stands as a draft. */
async function planned(csv: Buffer | string, more: Record<string, string> = {}): Promise<string> {
  const uploaded = await staff.upload('/imports', 'customers.csv', Buffer.from(csv as string));
  expect(uploaded.status).toBe(303);
  const page = await staff.get(uploaded.location);
  const drafted = await staff.post(uploaded.location, { ...staff.chosen(page.html), ...more });
  expect(drafted.status).toBe(303);
  return drafted.location.replace('/bulk/', '');
}

test('every row has its fate before anything is written, and each fault its reason', async () => {
  const taken = await makeActive(lango.api, {}, { username: 'taken', static_ip: '10.9.0.1' });
  const id = await planned(
    [
      'Full name,Mobile,E-mail,Login,Password,Package,IP,MAC,Paid until',
      'Achieng Otieno,0712 000 001,,achieng,secret-1,home 10,,48-a9-8a-1c-77-e0,31/12/2030',
      'No Phone,,,nophone,secret,Home 10,,,',
      'Bad Phone,12,,badphone,secret,Home 10,,,',
      'Taken,0712000003,,taken,secret,Home 10,,,',
      'Other Plan,0712000004,,other,secret,Gold,,,',
      '=HYPERLINK("http://evil"),0712000005,,evil,secret,Home 10,,,',
      'Achieng  OTIENO,+254712000001,,achieng2,secret-2,Home 10,,,',
      'Twice,0712000006,,achieng,secret,Home 10,,,',
      'Only Customer,0712000007,only@example.com,,,,,,',
      'only customer,0712000007,,,,,,,',
      'Ip Taken,0712000008,,iptaken,secret,Home 10,10.9.0.1,,',
      'Bad Date,0712000009,,baddate,secret,Home 10,,,31/31/2030',
      'No Password,0712000010,,nopass,,Home 10,,,',
      'Wanjiru Kamau,0712345678,,second,secret,Home 10,,,',
    ].join('\n'),
  );
  const before = await lango.asOwner<{ n: string }>(`SELECT count(*) AS n FROM subscriber`);
  expect(await show(id)).toMatchObject({ state: 'draft', total: 14, planned: 4, action: 'import' });
  const notes = Object.fromEntries((await rows(id, 'wont')).map((row) => [row['label'], row['note']]));
  expect(notes).toEqual({
    nophone: 'missing_phone',
    badphone: 'bad_phone:12',
    taken: 'username_taken',
    other: 'unknown_plan:Gold',
    evil: 'formula',
    achieng: 'twice_in_file:1',
    'only customer': 'same_row:9',
    iptaken: 'static_ip_taken',
    baddate: 'bad_expires:31/31/2030',
    nopass: 'missing_password',
  });
  // Nothing has been written, and no password stands readable.
  expect(await lango.asOwner(`SELECT count(*) AS n FROM subscriber`)).toEqual(before);
  expect(JSON.stringify(await lango.asOwner('SELECT data FROM bulk_row'))).not.toContain('secret-1');
  expect(await lango.asOwner('SELECT 1 FROM import_file')).toEqual([]);

  await post(id, 'start');
  expect(await settled(id, 'done')).toMatchObject({ done: 4, refused: 0 });
  const made = await sub('achieng');
  expect(made).toMatchObject({
    state: 'active',
    package_id: plan['id'],
    mac_lock: '48:A9:8A:1C:77:E0',
    expires_at: '2030-12-31T21:00:00.000Z',
  });
  // The second row of the same person adds to the first, and so does one of somebody in the books.
  expect((await sub('achieng2'))?.['client_id']).toBe(made?.['client_id']);
  expect((await sub('second'))?.['client_id']).toBe(taken['client_id']);
  expect((await sub('achieng2'))?.['state']).toBe('pending');
  const [password] = await lango.asOwner(
    `SELECT value FROM radcheck WHERE username = 'achieng' AND attribute = 'Cleartext-Password'`,
  );
  expect(password?.['value']).toBe('secret-1');
  expect(
    await lango.asOwner(`SELECT 1 FROM bulk_row WHERE data ->> 'password' IS NOT NULL AND outcome = 'done'`),
  ).toEqual([]);

  // Taken back: what has been paid since stays, and says so.
  await lango.api.post('/billing/transactions', {
    subscription_id: made?.['id'],
    amount_cents: 100,
    method: 'cash',
    reference: 'IMPORT-1',
  });
  await post(id, 'undo');
  expect(await settled(id, 'undone')).toMatchObject({ undone: 3, kept: 1, notes: { used_since: 1 } });
  expect(await sub('second')).toBeUndefined();
  expect(await sub('achieng')).toBeDefined();
  expect((await lango.api.get(`/clients/${taken['client_id']}`)).status).toBe(200);
}, 90_000);

test('a service of many that are made at once is as one that is made by itself, and so is its end', async () => {
  const bound = { months: 12, early_fee_cents: 50_000 };
  await makePackage(lango.api, { name: 'Bound', quota_bytes: 5_000_000_000, on_quota: 'cut', contract: bound });
  await makePackage(lango.api, { name: 'Free', quota_bytes: 5_000_000_000, on_quota: 'cut' });
  // A customer in the books is added to row by row; a new one is made with others.
  const known = { name: 'Known Person', phone: '+254712900000' };
  await lango.api.post('/clients', known);
  const head = 'Name,Phone,Username,Password,Plan,IP,MAC,Paid until';
  const rest = ['2030-12-31', '2020-01-31', ''].flatMap((end) =>
    ['Bound', 'Free'].map((name) => `${name},,48-a9-8a-1c-77-e0,${end}`),
  );
  const one = rest.map((cells, n) => `Known Person,0712900000,alone${n},secret,${cells}`);
  const many = rest.map((cells, n) => `New ${n},071290001${n},among${n},secret,${cells}`);
  const id = await planned([head, ...one, ...many].join('\n'));
  await post(id, 'start');
  expect(await settled(id, 'done')).toMatchObject({ done: 12, refused: 0 });
  const of = (made: string) =>
    lango.asOwner(`
    SELECT s.plan_version_id, s.status, s.cycle_no, s.quota_bytes, s.topup_bytes, s.expires_at, s.cycle_ends_at, s.starts_at = s.expires_at AS over, s.mac_lock,
      s.mac_learn, s.routes, s.version, s.contract_ends_at IS NULL AS unbound, s.contract_fee_cents, s.unused_validities, s.paid_cents, s.expiry_due_at IS NULL AS unarmed,
      (SELECT array_agg((attribute, op, value)::text ORDER BY attribute) FROM radcheck r WHERE r.username = s.username) AS checks,
      (SELECT array_agg(groupname) FROM radusergroup r WHERE r.username = s.username) AS groups,
      (SELECT array_agg((cycle_no, ended_at)::text) FROM usage_cycle u WHERE u.subscription_id = s.id) AS cycles,
      (SELECT array_agg((e.action, e.actor_name, e.detail - 'client_id' - 'username' - 'expires_at')::text ORDER BY e.id) FROM audit_event e
       WHERE e.subject_type = 'subscription' AND e.subject_id = s.id::text) AS audits
    FROM subscription s JOIN bulk_row b ON b.subscription_id = s.id AND b.run_id = ${id} WHERE s.username LIKE '${made}%' ORDER BY s.id`);
  const [alone, among] = [await of('alone'), await of('among')];
  expect(alone).toHaveLength(6);
  expect(among).toEqual(alone);

  await post(id, 'undo');
  expect(await settled(id, 'undone')).toMatchObject({ undone: 12, kept: 0 });
  const [aloneEnded, amongEnded] = [await of('alone'), await of('among')];
  expect(aloneEnded[0]).toMatchObject({ status: 'ended', checks: null });
  // Leaving a contract early is a word more in the audit, and the same for both.
  expect(amongEnded).toEqual(aloneEnded);
});

test('a file of many rows (10,000 with LANGO_IMPORT_ROWS=10000): planned in one go, made in the background, taken back', async () => {
  const count = Number(process.env['LANGO_IMPORT_ROWS'] ?? 400);
  const lines = Array.from(
    { length: count },
    (_, n) => `Customer ${n};07${String(20_000_000 + n)};many-${n};secret-${n};Home 10`,
  );
  // As Excel saves "Unicode text", with semicolons.
  const csv = Buffer.from(`\uFEFFName;Phone;Username;Password;Plan\r\n${lines.join('\r\n')}\r\n`, 'utf16le');
  const began = Date.now();
  const id = await planned(csv);
  const drafted = Date.now();
  expect(await show(id)).toMatchObject({ total: count, planned: count });
  await post(id, 'start');
  expect(await settled(id, 'done')).toMatchObject({ done: count, refused: 0 });
  const done = Date.now();
  const [made] = await lango.asOwner(
    `SELECT count(*)::int AS n FROM subscription WHERE username LIKE 'many-%' AND status = 'pending'`,
  );
  expect(made?.['n']).toBe(count);
  await post(id, 'undo');
  expect(await settled(id, 'undone')).toMatchObject({ undone: count, kept: 0 });
  const [left] = await lango.asOwner(
    `SELECT count(*)::int AS n FROM subscriber WHERE name LIKE 'Customer %' AND deleted_at IS NULL`,
  );
  expect(left?.['n']).toBe(0);
  if (process.env['LANGO_IMPORT_ROWS'])
    process.stdout.write(
      `${JSON.stringify({ count, plan_ms: drafted - began, make_ms: done - drafted, undo_ms: Date.now() - done })}\n`,
    );
}, 1_500_000);

test('the password of a row that was refused at work is forgotten, as that of one that was done', async () => {
  const id = await planned(
    [
      'Name,Phone,Login,Password,Package',
      'Late One,0712000101,late-one,secret-l,Home 10',
      'In Time,0712000102,in-time,secret-t,Home 10',
    ].join('\n'),
  );
  // Somebody took the name after the file was looked at.
  await makeActive(lango.api, {}, { username: 'late-one' });
  await post(id, 'start');
  expect(await settled(id, 'done')).toMatchObject({ done: 1, refused: 1 });
  const held = await lango.asOwner(`SELECT label FROM bulk_row WHERE run_id = $1 AND data ->> 'password' IS NOT NULL`, [
    id,
  ]);
  expect(held).toEqual([]);
});

test('a plan is meant by its name before it is meant by its id', () => {
  const named = { id: '3', name: '10' };
  const plans = plansByWord([named, { id: '10', name: 'Gold' }]);
  expect(['10', '3', 'gold'].map((word) => plans.get(word)?.name)).toEqual(['10', '10', 'Gold']);
});

test('a file that is none is refused with its reason, and the form comes back', async () => {
  for (const [bytes, words] of [
    [Buffer.alloc(0), 'no rows'],
    [Buffer.from('name,phone\n'), 'no rows'],
    [Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(64), Buffer.alloc(64, 1)]), 'This is no text'],
    [Buffer.from('name,phone\n"Ali,1\n'), 'never ends'],
  ] as const) {
    const answer = await staff.upload('/imports', 'x.csv', bytes);
    expect(answer.status).toBe(422);
    expect(answer.html).toContain(words);
  }
  expect(
    (await staff.upload('/imports', '../../etc/passwd.csv', Buffer.from('name,phone\nAli,0712345678\n'))).status,
  ).toBe(303);
  const [stored] = await lango.asOwner('SELECT name FROM import_file ORDER BY id DESC LIMIT 1');
  expect(stored?.['name']).toBe('passwd.csv');
});

test('a file of more than 50 MB is refused by its length, before it is sent', async () => {
  const answer = await staff.announce('/imports', 50_100_000);
  expect(answer).toContain('HTTP/1.1 413');
  expect(answer).toContain('50 MB');
});

test('a file without its token, or for somebody who may not, is not read', async () => {
  const csv = Buffer.from('name,phone\nAli,0712345678\n');
  expect((await staff.upload('/imports', 'x.csv', csv, { token: 'wrong' })).status).toBe(403);
  await lango.setRole(lango.company, 'technician');
  try {
    expect((await staff.upload('/imports', 'x.csv', csv)).status).toBe(403);
  } finally {
    await lango.setRole(lango.company, 'isp_admin');
  }
  const theirs = await signedInBrowser(lango, await lango.addCompany());
  const mine = await staff.upload('/imports', 'x.csv', csv);
  expect((await theirs.get(mine.location)).status).toBe(404);
});
