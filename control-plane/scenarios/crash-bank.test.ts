/** kill -9 of the process that weighs and books a bank's statement, in the middle of both. */
import { signedInBrowser } from '../imports/testing/form-browser';
import { crashStage } from '../test-kit/crash-stage';
import { makeClient, makePackage, make, type Json } from '../test-kit/story';

const LINES = 240;
const CUSTOMERS = 12;

const stage = crashStage();
const { number, show, settled, work, kill, killInTheMiddle } = stage;
const inBank = () => number(`(SELECT coalesce(-sum(balance_cents), 0) FROM ledger_account WHERE code = 'bank')`);

test('a statement whose process is killed while it is weighed, booked and taken back is booked once and taken back whole', async () => {
  const { lango, holder } = stage;
  const sold = await makePackage(lango.api);
  const client = await makeClient(lango.api);
  const subs: Json[] = [];
  for (let n = 0; n < CUSTOMERS; n += 1)
    subs.push(
      await make(lango.api, '/subscriptions', {
        client_id: client['id'],
        package_id: sold['id'],
        username: `kept${n}`,
        password: 'open-sesame',
      }),
    );
  const staff = await signedInBrowser(lango);
  const bank = (await staff.post('/payments/banks', { bank_name: 'Equity', bank_currency: 'KES' })).location;
  const [row] = await lango.asOwner<{ day: string }>(
    `SELECT to_char(lango_now() AT TIME ZONE 'Africa/Nairobi', 'DD/MM/YYYY') AS day`,
  );
  const lines = Array.from({ length: LINES }, (_one, n) =>
    n % 20 === 7
      ? `${row!.day},paid,R${n},kept${(n - 7) / 20},,${100 + n}.00`
      : n % 3 === 0
        ? `${row!.day},Ledger fee,C${n},,1.50,`
        : `${row!.day},deposit,D${n},,,${n + 1}.00`,
  );
  const cents = lines.reduce((sum, line) => {
    const [out, into] = line.split(',').slice(-2);
    return sum + Math.round(100 * (Number(into) - Number(out)));
  }, 0);
  const csv = Buffer.from(['Date,Description,Ref,Customer reference,Debit,Credit', ...lines].join('\n'));
  const uploaded = await staff.upload(bank, 's.csv', csv);

  // Somebody holds the lines of statements at this moment: the process stands in the middle of weighing when it is killed.
  await holder.query('BEGIN; LOCK TABLE payment_statement_row IN ACCESS EXCLUSIVE MODE');
  const planned = await staff.post(uploaded.location, staff.chosen((await staff.get(uploaded.location)).html));
  const run = planned.location.replace('/bulk/', '');
  expect(await show(run)).toMatchObject({ state: 'planning', total: LINES });
  expect((await lango.api.post(`/bulk/${run}/start`)).status).toBe(409);
  work();
  await killInTheMiddle(run);
  work();
  expect(await settled(run, 'draft')).toMatchObject({ total: LINES, planned: LINES });
  expect(await number('(SELECT count(*) FROM import_file)')).toBe(0);
  await kill();

  // Somebody holds one customer's service: the process stands in the second chunk.
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM subscription WHERE id = $1 FOR UPDATE', [subs[8]!['id']]);
  await lango.api.post(`/bulk/${run}/start`);
  work();
  await killInTheMiddle(run);
  const half = await show(run);
  expect([half['state'], half['done'] > 0, half['done'] < LINES]).toEqual(['running', true, true]);
  expect(await number('(SELECT count(*) FROM payment_statement_row)')).toBe(half['done']);
  work();
  expect(await settled(run, 'done')).toMatchObject({ done: LINES, refused: 0 });
  expect(await inBank()).toBe(cents);
  expect(await number(`(SELECT count(*) FROM payment WHERE method = 'bank')`)).toBe(CUSTOMERS);
  await kill();

  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM subscription WHERE id = $1 FOR UPDATE', [subs[4]!['id']]);
  await lango.api.post(`/bulk/${run}/undo`);
  work();
  await killInTheMiddle(run);
  work();
  expect(await settled(run, 'undone')).toMatchObject({ undone: LINES, kept: 0 });
  expect([await inBank(), await number('(SELECT count(*) FROM payment_statement_row)')]).toEqual([0, 0]);
  expect(await number(`(SELECT count(*) FROM subscription_now WHERE state = 'active')`)).toBe(0);
  for (const verify of ['payment_match_verify', 'ledger_verify', 'payment_refund_verify'])
    expect(await lango.asOwner(`SELECT * FROM ${verify}()`)).toEqual([]);
}, 300_000);
