import { makeRouter, makeSubscription, unique, type Json } from '../../test-kit/story';
import { bankDesk, type Line } from './testing/bank-desk';

/** A statement is booked once, and taken back while nobody has gone on. */
const desk = bankDesk();
const { fileOf, addBank, brought, show, notesOf, start, settled, done, account, held, byHand, stateOf, accountNo } =
  desk;

test('every line has its fate before anything is booked, is booked once, and is taken back while nobody has gone on', async () => {
  const bank = await addBank();
  const [paid, fresh, other] = [
    await makeSubscription(desk.lango.api),
    await makeSubscription(desk.lango.api),
    await makeSubscription(desk.lango.api),
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
  expect(await desk.lango.asOwner('SELECT 1 FROM import_file')).toEqual([]);

  await start(run);
  expect(await settled(run, 'done')).toMatchObject({ done: 6, refused: 0 });
  expect([await held(), await stateOf(fresh)]).toEqual([before + 10_000 + 250_000 - 5_500, 'active']);
  const [statement] = (await desk.lango.api.get<{ items: Json[] }>('/billing/statements')).body.items;
  const lines = (await desk.lango.api.get<{ items: Json[] }>(`/billing/statements/${statement!['id']}/lines?all=true`))
    .body.items;
  expect(lines.map((line) => `${line['amount_cents']} ${line['state']}`).sort()).toEqual(
    ['10000 matched', '10000 matched', '250000 waiting', '-5500 matched', '-100000 open', '50000 differs'].sort(),
  );
  // Both hand-typed payments of the last customer stand in the books and on no statement.
  expect((await desk.lango.api.get<Json>(`/billing/statements/${statement!['id']}`)).body['unheard']).toHaveLength(2);
  // Money out is said to be what it is, once.
  const open = lines.find((line) => line['state'] === 'open')!;
  const name = (use: string) =>
    desk.lango.api.post(`/billing/statements/${statement!['id']}/lines`, {
      line_id: open['id'],
      use,
      note: 'cash for the till',
    });
  expect((await Promise.all([name('cash'), name('cash')])).map(({ status }) => status).sort((a, b) => a - b)).toEqual([
    201, 409,
  ]);

  // Taken back: what somebody has gone on from stays.
  await desk.lango.api.post(`/bulk/${run}/undo`);
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
  const subs = await Promise.all([1, 2, 3].map(() => makeSubscription(desk.lango.api)));
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
      (await desk.lango.api.get<{ items: Json[] }>(`/billing/payments?subscription_id=${sub['id']}`)).body.items,
    ).toHaveLength(1);
  expect(new Set(await notesOf(await brought(bank, csv)))).toEqual(new Set(['bank_known']));
}, 120_000);

test('recorded by hand between the showing and the start, or tied by another file: not a second time', async () => {
  const bank = await addBank();
  const sub = await makeSubscription(desk.lango.api);
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
  const [named, words] = [await makeSubscription(desk.lango.api), await makeSubscription(desk.lango.api)];
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

test('money that waits is given to its owner, or turns out to be the company’s own', async () => {
  const bank = await addBank();
  const sub = await makeSubscription(desk.lango.api);
  const [theirs, own] = [unique('THEIRS'), unique('OWN')];
  const run = await done(
    bank,
    fileOf({ ref: theirs, in: '100.00' }, { ref: own, text: 'SAFARICOM SETTLEMENT', in: '900.00' }),
  );
  const waiting = async (receipt: string) =>
    /href="(\/payments\/suspense\/\d+)"/.exec((await desk.staff.get(`/payments/suspense?q=${receipt}`)).html)?.[1] ??
    '';
  const refused = await desk.staff.post(await waiting(theirs), { account: 'nobody-at-all' });
  expect([refused.status, refused.html.includes('value="nobody-at-all"')]).toEqual([422, true]);
  await desk.staff.post(await waiting(theirs), { account: String(sub['username']) });
  expect(await stateOf(sub)).toBe('active');
  const line = /href="(\/payments\/lines\/\d+)"/.exec((await desk.staff.get(await waiting(own))).html)?.[1] ?? '';
  const [mpesa, suspense] = [await account('mpesa'), await account('suspense')];
  const form = await desk.staff.get(line);
  expect(form.html).not.toContain('value="named"');
  expect((await desk.staff.post(line, { use: 'mpesa', note: 'settlement of Friday' })).status).toBe(303);
  expect((await desk.staff.post(line, { use: 'mpesa', note: 'settlement of Friday' })).status).toBe(409);
  expect([(await account('mpesa')) - mpesa, (await account('suspense')) - suspense, await waiting(own)]).toEqual([
    90_000,
    -90_000,
    '',
  ]);
  await desk.lango.api.post(`/bulk/${run}/undo`);
  expect(await settled(run, 'undone')).toMatchObject({ undone: 0, kept: 2 });
}, 60_000);

test('a cheque is cleared by the line of its bank', async () => {
  const bank = await addBank();
  const sub = await makeSubscription(desk.lango.api);
  const no = String(Date.now()).slice(-7);
  await byHand(sub, `0${no}`, 10_000, 'cheque');
  const before = [await held(), await account('cheques')];
  const run = await done(bank, fileOf({ text: `CHQ ${no} CLEARED`, in: '100.00' }));
  expect(await notesOf(run)).toEqual(['bank_clears']);
  expect([await held(), await account('cheques')]).toEqual([before[0]! + 10_000, before[1]! + 10_000]);
  expect(await desk.lango.asOwner('SELECT * FROM payment_cheque_verify()')).toEqual([]);
}, 60_000);

test('what was paid and used since is not taken back; what a second person must agree to is not either', async () => {
  const bank = await addBank();
  const [used, much] = [await makeSubscription(desk.lango.api), await makeSubscription(desk.lango.api)];
  const run = await done(
    bank,
    fileOf({ account: await accountNo(used), in: '100.00' }, { account: await accountNo(much), in: '9,000.00' }),
  );
  const router = await makeRouter(desk.lango.api);
  await desk.lango.asOwner(
    `INSERT INTO session_live (tenant_id, nas_id, acct_session_id, subscription_id, username, nas_address, started_at, updated_at, received_at)
     SELECT tenant_id, $2, 'used', id, username, '127.0.0.1', lango_now(), lango_now() + interval '1 minute', lango_now() FROM subscription WHERE id = $1`,
    [used['id'], router['id']],
  );
  await desk.lango.api.post(`/bulk/${run}/undo`);
  expect(await settled(run, 'undone')).toMatchObject({
    undone: 0,
    kept: 2,
    notes: { used_since: 1, bank_needs_second: 1 },
  });
  expect([await stateOf(used), await stateOf(much)]).toEqual(['active', 'active']);
}, 60_000);

test('any history of files, payments by hand and takings back keeps the bank’s account and its statements together', async () => {
  const bank = await addBank();
  const subs = await Promise.all([1, 2, 3].map(() => makeSubscription(desk.lango.api)));
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
      await desk.lango.api.post(`/bulk/${run}/undo`);
      const undone = await settled(run, 'undone');
      expect(undone['kept']).toBe(0);
      expected -= sum(news);
      told.splice(-4);
      expect(await held()).toBe(expected);
    }
    const [books] = await desk.lango.asOwner<{ cents: number }>(
      `SELECT coalesce(sum(r.amount_cents), 0)::int AS cents FROM payment_statement_row r JOIN payment_statement s ON s.id = r.statement_id WHERE s.bank_id = $1 AND r.transfer_id IS NOT NULL`,
      [bank],
    );
    expect(books!.cents).toBe(sum(told));
  }
  expect(await desk.lango.asOwner('SELECT * FROM payment_refund_verify()')).toEqual([]);
}, 180_000);
