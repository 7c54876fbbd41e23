import { signedInBrowser } from '../../imports/testing/form-browser';
import { makeSubscription, unique } from '../../test-kit/story';
import { bankDesk } from './testing/bank-desk';

/** What a file says is shown line by line, with what would become of each, before anything is booked. */
const desk = bankDesk();
const { fileOf, addBank, brought, notesOf, start, settled, account, held, byHand, stateOf, accountNo } = desk;

test('what was proposed for a line is put aside: it waits, or is what somebody says instead; nothing is booked before the start', async () => {
  const bank = await addBank();
  const [mine, theirs, right] = [
    await makeSubscription(desk.lango.api),
    await makeSubscription(desk.lango.api),
    await makeSubscription(desk.lango.api),
  ];
  const [first, second] = [unique('ONE'), unique('TWO')];
  await byHand(mine, first, 8_100);
  await byHand(mine, second, 8_100);
  const no = String(Date.now()).slice(-7);
  await byHand(mine, no, 8_300, 'cheque');
  const before = [await held(), await account('suspense')] as const;
  const run = await brought(
    bank,
    fileOf(
      { text: `TRF ${first}`, in: '81.00' },
      { text: 'wrongly named', account: await accountNo(theirs), in: '100.00' },
      { text: 'for nobody', account: await accountNo(theirs), in: '77.00' },
      { text: 'deposit', in: '83.00' },
      { text: 'Excise levy, says the bank', out: '12.00' },
    ),
  );
  expect(await notesOf(run)).toEqual(['bank_matches', 'bank_credits', 'bank_credits', 'bank_nobody', 'bank_fee']);
  const page = async (seq: number) => desk.staff.get(`/payments/banks/runs/${run}/${seq}`);
  const links = [
    ...(await desk.staff.get(`/bulk/${run}`)).html.matchAll(/href="(\/payments\/banks\/runs\/\d+\/\d+)"/g),
  ];
  expect(links).toHaveLength(5);
  const say = async (seq: number, values: Record<string, string>) => {
    const { html } = await page(seq);
    const seen = /name="seen" value="([^"]*)"/.exec(html)?.[1]?.replaceAll('&quot;', '"') ?? '';
    return desk.staff.post(`/payments/banks/runs/${run}/${seq}`, { seen, ...values });
  };
  // The other movement of the same amount, whose is proposed to no line.
  const other = /value="(movement:\d+)"[^>]*>[^<]*/.exec((await page(1)).html);
  expect(other?.[0]).toContain(second);
  const old = /name="seen" value="([^"]*)"/.exec((await page(1)).html)?.[1] ?? '';
  expect((await say(1, { to: other![1]! })).status).toBe(303);
  // Somebody who still looks at what was proposed first is told.
  expect((await desk.staff.post(`/payments/banks/runs/${run}/1`, { to: 'none', seen: old })).status).toBe(409);
  expect((await say(2, { to: 'account', account: 'nobody-at-all' })).status).toBe(422);
  expect((await say(2, { to: 'account', account: '' })).html).toContain('Nobody is known by that');
  expect((await say(2, { to: 'movement:999999999' })).status).toBe(422);
  expect((await say(2, { to: 'fee' })).status).toBe(422);
  expect((await say(2, { to: 'account', account: String(right['username']) })).status).toBe(303);
  expect((await say(3, { to: 'none' })).status).toBe(303);
  const cheque = /value="(cheque:\d+)"/.exec((await page(4)).html)?.[1];
  expect((await say(4, { to: cheque! })).status).toBe(303);
  expect((await say(5, { to: 'none' })).status).toBe(303);
  expect(await notesOf(run)).toEqual(['bank_chosen', 'bank_chosen', 'bank_put_aside', 'bank_chosen', 'bank_open']);
  expect([await held(), await account('suspense'), await stateOf(right)]).toEqual([...before, 'pending']);

  await start(run);
  expect(await settled(run, 'done')).toMatchObject({ done: 5, refused: 0 });
  expect([await stateOf(right), await stateOf(theirs)]).toEqual(['active', 'pending']);
  expect([await held(), await account('suspense')]).toEqual([before[0] + 10_000 + 7_700 + 8_300, before[1] + 7_700]);
  const [tied] = await desk.lango.asOwner<{ reference: string }>(
    `SELECT p.reference FROM payment_statement_row r JOIN ledger_transfer t ON t.id = r.transfer_id JOIN payment p ON p.id = t.payment_id WHERE r.details = $1`,
    [`TRF ${first}`],
  );
  expect(tied?.reference).toBe(second);
  // What is done is done.
  expect((await page(1)).status).toBe(404);
  const audits = await desk.lango.asOwner(`SELECT 1 FROM audit_event WHERE action = 'payments.choose_line'`);
  expect(audits).toHaveLength(5);
}, 120_000);

test('a line of another company’s run, or for somebody who may not record payments, cannot be looked at nor changed', async () => {
  const run = await brought(await addBank(), fileOf({ text: 'deposit', in: '3.00' }));
  const company = await desk.lango.addCompany();
  const stranger = await signedInBrowser(desk.lango, company);
  const path = `/payments/banks/runs/${run}/1`;
  expect([(await stranger.get(path)).status, (await stranger.post(path, { to: 'none' })).status]).toEqual([404, 404]);
  expect([(await desk.staff.get(`/payments/banks/runs/${run}/2`)).status]).toEqual([404]);
  expect((await desk.staff.get(`/payments/banks/runs/${run}/99999999999999999`)).status).toBe(404);
});

test('a statement that cannot be made ready is given up, says so and is discarded', async () => {
  const [row] = await desk.lango.asOwner<{ id: string }>(
    `INSERT INTO bulk_run (tenant_id, action, task, permission, private, params, state, tries, total, beat_at, created_by, created_by_name)
     SELECT s.tenant_id, 'bank', 'payments.bank', 'payments.write', true, '{"bank": "Equity", "file": "gone.csv", "bank_id": "1", "reading": {"top": 0, "columns": []}}', 'planning', 4, 7, clock_timestamp(), s.id, 'Amina'
     FROM staff s WHERE s.id = $1 RETURNING id`,
    [desk.lango.company.staffId.toString()],
  );
  const run = row!.id;
  await desk.lango.asOwner(
    `SELECT job_enqueue('payments.bank', json_build_object('tenant', $1::text, 'run', $2::text))`,
    [desk.lango.company.tenantId.toString(), run],
  );
  await settled(run, 'failed');
  const page = await desk.staff.get(`/bulk/${run}`);
  expect(page.html).toContain('could not be made ready');
  expect(page.html).not.toContain('/start"');
  expect((await desk.staff.post(`/bulk/${run}/discard`, {})).status).toBe(303);
  expect((await desk.staff.get(`/bulk/${run}`)).status).toBe(404);
}, 90_000);

test('a run that is discarded while its lines are weighed is gone, with its file', async () => {
  const bank = await addBank();
  const uploaded = await desk.staff.upload(`/payments/banks/${bank}`, 's.csv', Buffer.from(fileOf({ in: '3.00' })));
  const page = await desk.staff.get(uploaded.location);
  const planned = await desk.staff.post(uploaded.location, desk.staff.chosen(page.html));
  const again = await desk.staff.post(uploaded.location, desk.staff.chosen(page.html));
  expect([planned.status, again.status]).toEqual([303, 404]);
  expect((await desk.staff.post(`${planned.location}/discard`, {})).status).toBe(303);
  expect((await desk.staff.get(planned.location)).status).toBe(404);
  expect(await desk.lango.asOwner('SELECT 1 FROM import_file WHERE run_id IS NOT NULL')).toEqual([]);
});

test('a file that cannot be taken is refused in words; a long one before it is read', async () => {
  const bank = await addBank();
  const bring = (bytes: Buffer | string) =>
    desk.staff.upload(`/payments/banks/${bank}`, 's.csv', Buffer.from(bytes as string));
  expect([(await bring('')).status, (await bring(Buffer.from([0x50, 0x4b, 3, 4, 0, 0]))).html]).toEqual([
    422,
    expect.stringContaining('This is no text'),
  ]);
  expect(await desk.staff.announce(`/payments/banks/${bank}`, 60_000_000)).toContain('413');
  // No columns that can be read: the form says so and keeps what was chosen.
  const { location } = await bring('A,B\n1,2\n');
  const none = await desk.staff.post(location, { c0: 'date', c1: 'date' });
  expect([none.status, none.html]).toEqual([422, expect.stringContaining('is chosen for two columns')]);
  const wrong = await desk.staff.post(location, { c0: 'date', c1: 'amount', decimal: 'point', dates: 'dmy' });
  expect([wrong.status, wrong.html]).toEqual([422, expect.stringContaining('No line of this file')]);
  expect(wrong.html).toContain('<option value="amount" selected');
  // A formula is words, and is quoted where it leaves.
  const run = await brought(bank, fileOf({ text: '=HYPERLINK(1)', in: '3.00' }));
  expect((await desk.staff.get(`/bulk/${run}/rows.csv`)).html).not.toMatch(/(^|,)"?=HYPER/m);
});

test('a bank’s lines are for who records payments; for colleagues the run is not there', async () => {
  const bank = await addBank();
  const run = await brought(bank, fileOf({ text: 'deposit', in: '3.00' }));
  const as = async (role: string) => {
    const email = `${unique(role)}@example.net`;
    await desk.lango.asOwner(
      `INSERT INTO staff (tenant_id, role_id, email, name, password_hash)
       SELECT s.tenant_id, r.id, $2, 'Colleague', s.password_hash FROM staff s, staff_role r WHERE s.id = $1 AND r.key = $3 AND r.tenant_id IS NULL`,
      [desk.lango.company.staffId.toString(), email, role],
    );
    const { token } = await desk.lango.signIn(email, desk.lango.company.password);
    return (method: string, path: string) =>
      fetch(`${desk.lango.baseUrl}/api${path}`, { method, headers: { authorization: `Bearer ${token}` } }).then(
        ({ status }) => status,
      );
  };
  const support = await as('support');
  expect([
    await support('GET', `/bulk/${run}`),
    await support('GET', `/bulk/${run}/rows`),
    await support('POST', `/bulk/${run}/start`),
  ]).toEqual([404, 404, 403]);
  const finance = await as('finance');
  expect([await finance('GET', `/bulk/${run}/rows`), await finance('POST', `/bulk/${run}/start`)]).toEqual([200, 202]);
  await settled(run, 'done');
  expect((await desk.lango.addCompany()).tenantId).not.toBe(desk.lango.company.tenantId);
});
