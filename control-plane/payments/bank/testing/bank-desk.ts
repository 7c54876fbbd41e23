import { signedInBrowser, type FormBrowser } from '../../../imports/testing/form-browser';
import { startTestLango, type TestLango } from '../../../test-kit/lango';
import { make, unique, type Json } from '../../../test-kit/story';
import { until } from '../../../test-kit/until';

export const HEAD = 'Date,Description,Ref,Customer reference,Debit,Credit';
export interface Line {
  day?: string;
  text?: string;
  ref?: string;
  account?: string;
  out?: string;
  in?: string;
}

/** A company's office before a test file: its bank, the files that somebody brings there, and what the books say. The books are verified after each test. */
export function bankDesk() {
  let lango!: TestLango;
  let staff!: FormBrowser;
  beforeAll(async () => {
    lango = await startTestLango({ parts: ['jobs'] });
    staff = await signedInBrowser(lango);
  }, 60_000);
  afterAll(() => lango?.stop());
  afterEach(async () => {
    expect(await lango.asOwner('SELECT * FROM payment_match_verify()')).toEqual([]);
    expect(await lango.asOwner('SELECT * FROM ledger_verify()')).toEqual([]);
  });

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
  const rows = async (run: string) =>
    (await lango.api.get<{ items: Json[] }>(`/bulk/${run}/rows?limit=200`)).body.items;
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
  return {
    /** There once the tests run. */
    get lango() {
      return lango;
    },
    get staff() {
      return staff;
    },
    fileOf,
    addBank,
    brought,
    show,
    rows,
    notesOf,
    start,
    settled,
    done,
    account,
    held,
    byHand,
    stateOf,
    accountNo,
  };
}
