import { signedInBrowser, type FormBrowser } from '../../imports/testing/form-browser';
import { startTestLango, type TestLango } from '../../test-kit/lango';
import { make, makeRouter, makeSubscription, unique, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

/** A bank's statement brought as a file: shown line by line, booked once, and taken back. */
let lango: TestLango;
let staff: FormBrowser;
beforeAll(async () => {
  lango = await startTestLango({ parts: ['jobs'] });
  staff = await signedInBrowser(lango);
}, 60_000);
afterAll(() => lango?.stop());
afterEach(async () => {
  expect(await lango.asOwner('SELECT * FROM payment_match_verify()')).toEqual([]);
  expect(await lango.asOwner('SELECT * FROM ledger_verify()')).toEqual([]);
});

const HEAD = 'Date,Description,Ref,Customer reference,Debit,Credit';
interface Line {
  day?: string;
  text?: string;
  ref?: string;
  account?: string;
  out?: string;
  in?: string;
}
let today = '';
beforeAll(async () => {
  const [row] = await lango.asOwner<{ day: string }>(
    `SELECT to_char(lango_now() AT TIME ZONE 'Africa/Nairobi', 'DD/MM/YYYY') AS day`,
  );
  today = row!.day;
});
const fileOf = (...lines: Line[]) =>
  [
    HEAD,
    ...lines.map((line) =>
      [line.day ?? today, line.text ?? '', line.ref ?? '', line.account ?? '', line.out ?? '', line.in ?? '']
        .map((cell) => `"${cell}"`)
        .join(','),
    ),
  ].join('\r\n');

async function addBank(): Promise<string> {
  const added = await staff.post('/payments/banks', { bank_name: unique('Equity'), bank_currency: 'KES' });
  expect(added.status).toBe(303);
  return added.location.split('/').at(-1)!;
}

/** Brings a file, takes the columns as they were guessed, and gives the run that stands as a draft. */
async function brought(bank: string, csv: string | Buffer): Promise<string> {
  const uploaded = await staff.upload(`/payments/banks/${bank}`, 'statement.csv', Buffer.from(csv as string));
  expect(uploaded.status).toBe(303);
  const page = await staff.get(uploaded.location);
  const planned = await staff.post(uploaded.location, staff.chosen(page.html));
  expect([planned.status, planned.html.match(/field-error">([^<]+)/)?.[1]]).toEqual([303, undefined]);
  const run = planned.location.split('/').at(-1)!;
  await settled(run, 'draft');
  return run;
}
const show = async (run: string) => (await lango.api.get<Json>(`/bulk/${run}`)).body;
const rows = async (run: string) => (await lango.api.get<{ items: Json[] }>(`/bulk/${run}/rows?limit=200`)).body.items;
const notesOf = async (run: string) => (await rows(run)).map((row) => row['note']);
const start = (run: string) => lango.api.post(`/bulk/${run}/start`);
const settled = (run: string, state: string) =>
  until(
    () => show(run),
    (found) => found['state'] === state,
    60_000,
  );
async function done(bank: string, csv: string): Promise<string> {
  const run = await brought(bank, csv);
  await start(run);
  await settled(run, 'done');
  return run;
}
const account = async (code: string) => {
  const [row] = await lango.asOwner<{ cents: number }>(
    `SELECT coalesce(sum(balance_cents), 0)::int AS cents FROM ledger_account WHERE code = $1`,
    [code],
  );
  return row!.cents;
};
/** What the bank's account of the ledger holds, and what of it statements have told. */
const held = async () => -(await account('bank'));
const byHand = (sub: Json, reference: string, amount_cents: number, method = 'bank') =>
  make(lango.api, '/billing/transactions', { subscription_id: sub['id'], amount_cents, method, reference });
const stateOf = async (sub: Json) => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['state'];
const accountNo = async (sub: Json) => {
  const [row] = await lango.asOwner<{ no: string }>('SELECT payment_account_no($1::bigint) AS no', [sub['id']]);
  return row!.no;
};

test('every line has its fate before anything is booked, is booked once, and is taken back while nobody has gone on', async () => {
  const bank = await addBank();
  const [paid, fresh, other] = [
    await makeSubscription(lango.api),
    await makeSubscription(lango.api),
    await makeSubscription(lango.api),
  ];
  const slip = unique('FT');
  await byHand(paid, slip, 10_000);
  await byHand(other, unique('typo'), 3_300);
  const typo = unique('TYPO');
  await byHand(other, typo, 5_000);
  const before = await held();
  const csv = fileOf(
    { text: `TRF ${slip}`, in: '100.00' },
    { text: 'standing order', account: await accountNo(fresh), in: '100.00', ref: unique('NEW') },
    { text: 'JANE DOE 0712345678', in: '2,500.00', ref: unique('WHO') },
    { text: 'Ledger fee', out: '55.00' },
    { text: 'TRF to supplier', out: '1,000.00' },
    { ref: typo, in: '500.00' },
    { text: 'unreadable', in: '1.5.0' },
    { day: 'Total', in: '1.00' },
    { day: '', text: 'Closing balance', in: '9.00' },
    { day: '01/01/2099', in: '1.00' },
  );
  const run = await brought(bank, csv);
  expect(await notesOf(run)).toEqual([
    'bank_matches',
    'bank_credits',
    'bank_nobody',
    'bank_fee',
    'bank_open',
    'bank_differs',
    'bank_bad_amount',
    'bank_bad_date',
    'bank_no_date',
    'bank_future',
  ]);
  expect(await show(run)).toMatchObject({ state: 'draft', total: 10, planned: 6 });
  expect([await held(), await stateOf(fresh)]).toEqual([before, 'pending']);
  expect(await lango.asOwner('SELECT 1 FROM import_file')).toEqual([]);

  await start(run);
  expect(await settled(run, 'done')).toMatchObject({ done: 6, refused: 0 });
  expect([await held(), await stateOf(fresh)]).toEqual([before + 10_000 + 250_000 - 5_500, 'active']);
  const [statement] = (await lango.api.get<{ items: Json[] }>('/billing/statements')).body.items;
  const lines = (await lango.api.get<{ items: Json[] }>(`/billing/statements/${statement!['id']}/lines?all=true`)).body
    .items;
  expect(lines.map((line) => `${line['amount_cents']} ${line['state']}`).sort()).toEqual(
    ['10000 matched', '10000 matched', '250000 waiting', '-5500 matched', '-100000 open', '50000 differs'].sort(),
  );
  // Both hand-typed payments of the last customer stand in the books and on no statement.
  expect((await lango.api.get<Json>(`/billing/statements/${statement!['id']}`)).body['unheard']).toHaveLength(2);
  // Money out is said to be what it is, once.
  const open = lines.find((line) => line['state'] === 'open')!;
  const name = (use: string) =>
    lango.api.post(`/billing/statements/${statement!['id']}/lines`, {
      line_id: open['id'],
      use,
      note: 'cash for the till',
    });
  expect((await Promise.all([name('cash'), name('cash')])).map(({ status }) => status).sort((a, b) => a - b)).toEqual([
    201, 409,
  ]);

  // Taken back: what somebody has gone on from stays.
  await lango.api.post(`/bulk/${run}/undo`);
  expect(await settled(run, 'undone')).toMatchObject({ undone: 5, kept: 1 });
  expect([await held(), await stateOf(fresh)]).toEqual([before - 100_000, 'expired']);
  expect(await account('suspense')).toBe(0);
  // And can be brought again.
  expect(await notesOf(await brought(bank, csv))).toEqual(
    expect.arrayContaining(['bank_matches', 'bank_credits', 'bank_nobody', 'bank_fee', 'bank_known', 'bank_differs']),
  );
}, 120_000);

test('two who bring one file at once book it once', async () => {
  const bank = await addBank();
  const subs = await Promise.all([1, 2, 3].map(() => makeSubscription(lango.api)));
  const before = await held();
  const csv = fileOf(
    ...(await Promise.all(subs.map(async (sub) => ({ account: await accountNo(sub), in: '100.00', ref: 'RENT' })))),
    ...Array.from({ length: 40 }, (_one, n) => ({ text: `Fee ${n}`, out: '1.00' })),
    ...Array.from({ length: 5 }, () => ({ text: 'deposit', in: '7.00' })),
  );
  const runs = await Promise.all([brought(bank, csv), brought(bank, csv)]);
  await Promise.all(runs.map(start));
  const ended = await Promise.all(runs.map((run) => settled(run, 'done')));
  expect(ended.reduce((sum, run) => sum + run['done'], 0)).toBe(48);
  expect(ended.reduce((sum, run) => sum + run['refused'], 0)).toBe(48);
  expect(await held()).toBe(before + 30_000 - 4_000 + 3_500);
  for (const sub of subs)
    expect(
      (await lango.api.get<{ items: Json[] }>(`/billing/payments?subscription_id=${sub['id']}`)).body.items,
    ).toHaveLength(1);
  expect(new Set(await notesOf(await brought(bank, csv)))).toEqual(new Set(['bank_known']));
}, 120_000);

test('recorded by hand between the showing and the start, or tied by another file: not a second time', async () => {
  const bank = await addBank();
  const sub = await makeSubscription(lango.api);
  const [late, tied] = [unique('LATE'), unique('TIED')];
  await byHand(sub, tied, 10_000);
  const before = await held();
  const run = await brought(
    bank,
    fileOf({ ref: late, account: await accountNo(sub), in: '100.00' }, { ref: tied, in: '100.00' }),
  );
  expect(await notesOf(run)).toEqual(['bank_credits', 'bank_matches']);
  await byHand(sub, late, 10_000);
  await done(await addBank(), fileOf({ text: `by ${tied}`, in: '100.00' }));
  await start(run);
  expect(await settled(run, 'done')).toMatchObject({ done: 0, refused: 2, notes: { changed_meanwhile: 2 } });
  expect(await held()).toBe(before + 10_000);
}, 60_000);

test('recorded by hand since the showing under a reference in the bank’s words, or for the same customer: not a second time', async () => {
  const bank = await addBank();
  const [named, words] = [await makeSubscription(lango.api), await makeSubscription(lango.api)];
  const slip = unique('SLIP');
  const run = await brought(
    bank,
    fileOf(
      { text: `TRF ${slip} VIA BRANCH`, account: await accountNo(words), in: '100.00' },
      { text: 'standing order', account: await accountNo(named), in: '100.00', ref: unique('BANK') },
      { text: `deposit ${slip}`, in: '100.00', ref: unique('ALSO') },
    ),
  );
  expect(await notesOf(run)).toEqual(['bank_credits', 'bank_credits', 'bank_nobody']);
  await byHand(words, slip, 10_000);
  await byHand(named, unique('typed'), 10_000);
  const before = await held();
  await start(run);
  expect(await settled(run, 'done')).toMatchObject({ done: 0, refused: 3, notes: { changed_meanwhile: 3 } });
  expect(await held()).toBe(before);
}, 60_000);

test('what was proposed for a line is put aside: it waits, or is what somebody says instead; nothing is booked before the start', async () => {
  const bank = await addBank();
  const [mine, theirs, right] = [
    await makeSubscription(lango.api),
    await makeSubscription(lango.api),
    await makeSubscription(lango.api),
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
  const page = async (seq: number) => staff.get(`/payments/banks/runs/${run}/${seq}`);
  const links = [...(await staff.get(`/bulk/${run}`)).html.matchAll(/href="(\/payments\/banks\/runs\/\d+\/\d+)"/g)];
  expect(links).toHaveLength(5);
  const say = async (seq: number, values: Record<string, string>) => {
    const { html } = await page(seq);
    const seen = /name="seen" value="([^"]*)"/.exec(html)?.[1]?.replaceAll('&quot;', '"') ?? '';
    return staff.post(`/payments/banks/runs/${run}/${seq}`, { seen, ...values });
  };
  // The other movement of the same amount, whose is proposed to no line.
  const other = /value="(movement:\d+)"[^>]*>[^<]*/.exec((await page(1)).html);
  expect(other?.[0]).toContain(second);
  const old = /name="seen" value="([^"]*)"/.exec((await page(1)).html)?.[1] ?? '';
  expect((await say(1, { to: other![1]! })).status).toBe(303);
  // Somebody who still looks at what was proposed first is told.
  expect((await staff.post(`/payments/banks/runs/${run}/1`, { to: 'none', seen: old })).status).toBe(409);
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
  const [tied] = await lango.asOwner<{ reference: string }>(
    `SELECT p.reference FROM payment_statement_row r JOIN ledger_transfer t ON t.id = r.transfer_id JOIN payment p ON p.id = t.payment_id WHERE r.details = $1`,
    [`TRF ${first}`],
  );
  expect(tied?.reference).toBe(second);
  // What is done is done.
  expect((await page(1)).status).toBe(404);
  const audits = await lango.asOwner(`SELECT 1 FROM audit_event WHERE action = 'payments.choose_line'`);
  expect(audits).toHaveLength(5);
}, 120_000);

test('a line of another company’s run, or for somebody who may not record payments, cannot be looked at nor changed', async () => {
  const run = await brought(await addBank(), fileOf({ text: 'deposit', in: '3.00' }));
  const company = await lango.addCompany();
  const stranger = await signedInBrowser(lango, company);
  const path = `/payments/banks/runs/${run}/1`;
  expect([(await stranger.get(path)).status, (await stranger.post(path, { to: 'none' })).status]).toEqual([404, 404]);
  expect([(await staff.get(`/payments/banks/runs/${run}/2`)).status]).toEqual([404]);
  expect((await staff.get(`/payments/banks/runs/${run}/99999999999999999`)).status).toBe(404);
});

test('a statement that cannot be made ready is given up, says so and is discarded', async () => {
  const [row] = await lango.asOwner<{ id: string }>(
    `INSERT INTO bulk_run (tenant_id, action, task, permission, private, params, state, tries, total, beat_at, created_by, created_by_name)
     SELECT s.tenant_id, 'bank', 'payments.bank', 'payments.write', true, '{"bank": "Equity", "file": "gone.csv", "bank_id": "1", "reading": {"top": 0, "columns": []}}', 'planning', 4, 7, clock_timestamp(), s.id, 'Amina'
     FROM staff s WHERE s.id = $1 RETURNING id`,
    [lango.company.staffId.toString()],
  );
  const run = row!.id;
  await lango.asOwner(`SELECT job_enqueue('payments.bank', json_build_object('tenant', $1::text, 'run', $2::text))`, [
    lango.company.tenantId.toString(),
    run,
  ]);
  await settled(run, 'failed');
  const page = await staff.get(`/bulk/${run}`);
  expect(page.html).toContain('could not be made ready');
  expect(page.html).not.toContain('/start"');
  expect((await staff.post(`/bulk/${run}/discard`, {})).status).toBe(303);
  expect((await staff.get(`/bulk/${run}`)).status).toBe(404);
}, 90_000);

test('a run that is discarded while its lines are weighed is gone, with its file', async () => {
  const bank = await addBank();
  const uploaded = await staff.upload(`/payments/banks/${bank}`, 's.csv', Buffer.from(fileOf({ in: '3.00' })));
  const page = await staff.get(uploaded.location);
  const planned = await staff.post(uploaded.location, staff.chosen(page.html));
  const again = await staff.post(uploaded.location, staff.chosen(page.html));
  expect([planned.status, again.status]).toEqual([303, 404]);
  expect((await staff.post(`${planned.location}/discard`, {})).status).toBe(303);
  expect((await staff.get(planned.location)).status).toBe(404);
  expect(await lango.asOwner('SELECT 1 FROM import_file WHERE run_id IS NOT NULL')).toEqual([]);
});

test('money that waits is given to its owner, or turns out to be the company’s own', async () => {
  const bank = await addBank();
  const sub = await makeSubscription(lango.api);
  const [theirs, own] = [unique('THEIRS'), unique('OWN')];
  const run = await done(
    bank,
    fileOf({ ref: theirs, in: '100.00' }, { ref: own, text: 'SAFARICOM SETTLEMENT', in: '900.00' }),
  );
  const waiting = async (receipt: string) =>
    /href="(\/payments\/suspense\/\d+)"/.exec((await staff.get(`/payments/suspense?q=${receipt}`)).html)?.[1] ?? '';
  const refused = await staff.post(await waiting(theirs), { account: 'nobody-at-all' });
  expect([refused.status, refused.html.includes('value="nobody-at-all"')]).toEqual([422, true]);
  await staff.post(await waiting(theirs), { account: String(sub['username']) });
  expect(await stateOf(sub)).toBe('active');
  const line = /href="(\/payments\/lines\/\d+)"/.exec((await staff.get(await waiting(own))).html)?.[1] ?? '';
  const [mpesa, suspense] = [await account('mpesa'), await account('suspense')];
  const form = await staff.get(line);
  expect(form.html).not.toContain('value="named"');
  expect((await staff.post(line, { use: 'mpesa', note: 'settlement of Friday' })).status).toBe(303);
  expect((await staff.post(line, { use: 'mpesa', note: 'settlement of Friday' })).status).toBe(409);
  expect([(await account('mpesa')) - mpesa, (await account('suspense')) - suspense, await waiting(own)]).toEqual([
    90_000,
    -90_000,
    '',
  ]);
  await lango.api.post(`/bulk/${run}/undo`);
  expect(await settled(run, 'undone')).toMatchObject({ undone: 0, kept: 2 });
}, 60_000);

test('a cheque is cleared by the line of its bank', async () => {
  const bank = await addBank();
  const sub = await makeSubscription(lango.api);
  const no = String(Date.now()).slice(-7);
  await byHand(sub, `0${no}`, 10_000, 'cheque');
  const before = [await held(), await account('cheques')];
  const run = await done(bank, fileOf({ text: `CHQ ${no} CLEARED`, in: '100.00' }));
  expect(await notesOf(run)).toEqual(['bank_clears']);
  expect([await held(), await account('cheques')]).toEqual([before[0]! + 10_000, before[1]! + 10_000]);
  expect(await lango.asOwner('SELECT * FROM payment_cheque_verify()')).toEqual([]);
}, 60_000);

test('what was paid and used since is not taken back; what a second person must agree to is not either', async () => {
  const bank = await addBank();
  const [used, much] = [await makeSubscription(lango.api), await makeSubscription(lango.api)];
  const run = await done(
    bank,
    fileOf({ account: await accountNo(used), in: '100.00' }, { account: await accountNo(much), in: '9,000.00' }),
  );
  const router = await makeRouter(lango.api);
  await lango.asOwner(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at)
     SELECT tenant_id, $2, 'used', id, username, '127.0.0.1', lango_now(), lango_now() + interval '1 minute', lango_now() FROM subscription WHERE id = $1`,
    [used['id'], router['id']],
  );
  await lango.api.post(`/bulk/${run}/undo`);
  expect(await settled(run, 'undone')).toMatchObject({
    undone: 0,
    kept: 2,
    notes: { used_since: 1, bank_needs_second: 1 },
  });
  expect([await stateOf(used), await stateOf(much)]).toEqual(['active', 'active']);
}, 60_000);

test('any history of files, payments by hand and takings back keeps the bank’s account and its statements together', async () => {
  const bank = await addBank();
  const subs = await Promise.all([1, 2, 3].map(() => makeSubscription(lango.api)));
  const numbers = await Promise.all(subs.map(accountNo));
  let state = 20_261_122;
  const random = (below: number) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  const told: Line[] = [];
  let expected = await held();
  for (let round = 0; round < 6; round += 1) {
    const refs = [unique('H'), unique('H')];
    for (const ref of refs) await byHand(subs[random(3)]!, ref, 10_000);
    expected += 20_000;
    told.push({ ref: refs[0]!, in: '100.00' });
    told.push({ ref: unique('B'), account: numbers[random(3)]!, in: `${100 + random(3)}.00` });
    told.push({ text: 'deposit', in: `${5 + random(3)}.00` });
    told.push({ text: 'Bank charges', out: `${1 + random(2)}.50` });
    const sum = (lines: Line[]) =>
      lines.reduce((cents, one) => cents + Math.round(100 * (Number(one.in ?? 0) - Number(one.out ?? 0))), 0);
    // The file overlaps those before it: old lines are known.
    const run = await done(bank, fileOf(...told));
    const news = told.slice(-3);
    expect((await show(run))['done']).toBe(4);
    expected += sum(news);
    expect(await held()).toBe(expected);
    if (random(2) === 0) {
      await lango.api.post(`/bulk/${run}/undo`);
      const undone = await settled(run, 'undone');
      expect(undone['kept']).toBe(0);
      expected -= sum(news);
      told.splice(-4);
      expect(await held()).toBe(expected);
    }
    const [books] = await lango.asOwner<{ cents: number }>(
      `SELECT coalesce(sum(r.amount_cents), 0)::int AS cents FROM payment_statement_row r JOIN payment_statement s ON s.id = r.statement_id WHERE s.bank_id = $1 AND r.transfer_id IS NOT NULL`,
      [bank],
    );
    expect(books!.cents).toBe(sum(told));
  }
  expect(await lango.asOwner('SELECT * FROM payment_refund_verify()')).toEqual([]);
}, 180_000);

test('a file that cannot be taken is refused in words; a long one before it is read', async () => {
  const bank = await addBank();
  const bring = (bytes: Buffer | string) =>
    staff.upload(`/payments/banks/${bank}`, 's.csv', Buffer.from(bytes as string));
  expect([(await bring('')).status, (await bring(Buffer.from([0x50, 0x4b, 3, 4, 0, 0]))).html]).toEqual([
    422,
    expect.stringContaining('This is no text'),
  ]);
  expect(await staff.announce(`/payments/banks/${bank}`, 60_000_000)).toContain('413');
  // No columns that can be read: the form says so and keeps what was chosen.
  const { location } = await bring('A,B\n1,2\n');
  const none = await staff.post(location, { c0: 'date', c1: 'date' });
  expect([none.status, none.html]).toEqual([422, expect.stringContaining('is chosen for two columns')]);
  const wrong = await staff.post(location, { c0: 'date', c1: 'amount', decimal: 'point', dates: 'dmy' });
  expect([wrong.status, wrong.html]).toEqual([422, expect.stringContaining('No line of this file')]);
  expect(wrong.html).toContain('<option value="amount" selected');
  // A formula is words, and is quoted where it leaves.
  const run = await brought(bank, fileOf({ text: '=HYPERLINK(1)', in: '3.00' }));
  expect((await staff.get(`/bulk/${run}/rows.csv`)).html).not.toMatch(/(^|,)"?=HYPER/m);
});

test('a bank’s lines are for who records payments; for colleagues the run is not there', async () => {
  const bank = await addBank();
  const run = await brought(bank, fileOf({ text: 'deposit', in: '3.00' }));
  const as = async (role: string) => {
    const email = `${unique(role)}@example.net`;
    await lango.asOwner(
      `INSERT INTO staff (tenant_id, role_id, email, name, password_hash)
       SELECT s.tenant_id, r.id, $2, 'Colleague', s.password_hash FROM staff s, staff_role r WHERE s.id = $1 AND r.key = $3 AND r.tenant_id IS NULL`,
      [lango.company.staffId.toString(), email, role],
    );
    const { token } = await lango.signIn(email, lango.company.password);
    return (method: string, path: string) =>
      fetch(`${lango.baseUrl}/api${path}`, { method, headers: { authorization: `Bearer ${token}` } }).then(
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
  expect((await lango.addCompany()).tenantId).not.toBe(lango.company.tenantId);
});
