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

/** A company's office before a test file: its bank, the files that somebody brings there, and what the books say. */
class BankDesk {
  lango!: TestLango;
  staff!: FormBrowser;
  today = '';

  readonly fileOf = (...lines: Line[]) =>
    [
      HEAD,
      ...lines.map((line) =>
        [line.day ?? this.today, line.text ?? '', line.ref ?? '', line.account ?? '', line.out ?? '', line.in ?? '']
          .map((cell) => `"${cell}"`)
          .join(','),
      ),
    ].join('\r\n');

  readonly addBank = async (): Promise<string> => {
    const added = await this.staff.post('/payments/banks', { bank_name: unique('Equity'), bank_currency: 'KES' });
    expect(added.status).toBe(303);
    return added.location.split('/').at(-1)!;
  };

  /** Brings a file, takes the columns as they were guessed, and gives the run that stands as a draft. */
  readonly brought = async (bank: string, csv: string | Buffer): Promise<string> => {
    const uploaded = await this.staff.upload(`/payments/banks/${bank}`, 'statement.csv', Buffer.from(csv as string));
    expect(uploaded.status).toBe(303);
    const page = await this.staff.get(uploaded.location);
    const planned = await this.staff.post(uploaded.location, this.staff.chosen(page.html));
    expect([planned.status, planned.html.match(/field-error">([^<]+)/)?.[1]]).toEqual([303, undefined]);
    const run = planned.location.split('/').at(-1)!;
    await this.settled(run, 'draft');
    return run;
  };
  readonly show = async (run: string) => (await this.lango.api.get<Json>(`/bulk/${run}`)).body;
  readonly rows = async (run: string) =>
    (await this.lango.api.get<{ items: Json[] }>(`/bulk/${run}/rows?limit=200`)).body.items;
  readonly notesOf = async (run: string) => (await this.rows(run)).map((row) => row['note'] as string | null);
  readonly start = (run: string) => this.lango.api.post(`/bulk/${run}/start`);
  readonly settled = (run: string, state: string) =>
    until(
      () => this.show(run),
      (found) => found['state'] === state,
      60_000,
    );
  readonly done = async (bank: string, csv: string): Promise<string> => {
    const run = await this.brought(bank, csv);
    await this.start(run);
    await this.settled(run, 'done');
    return run;
  };
  readonly account = async (code: string) => {
    const [row] = await this.lango.asOwner<{ cents: number }>(
      `SELECT coalesce(sum(balance_cents), 0)::int AS cents FROM ledger_account WHERE code = $1`,
      [code],
    );
    return row!.cents;
  };
  /** What the bank's account of the ledger holds, and what of it statements have told. */
  readonly held = async () => -(await this.account('bank'));
  readonly byHand = (sub: Json, reference: string, amount_cents: number, method = 'bank') =>
    make(this.lango.api, '/billing/transactions', {
      subscription_id: sub['id'] as string,
      amount_cents,
      method,
      reference,
    });
  readonly stateOf = async (sub: Json) =>
    (await this.lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['state'] as string;
  readonly accountNo = async (sub: Json) => {
    const [row] = await this.lango.asOwner<{ no: string }>('SELECT payment_account_no($1::bigint) AS no', [sub['id']]);
    return row!.no;
  };
}

/** The desk is there once the tests run; the books are verified after each. */
export function bankDesk(): BankDesk {
  const desk = new BankDesk();
  beforeAll(async () => {
    desk.lango = await startTestLango({ parts: ['jobs'] });
    desk.staff = await signedInBrowser(desk.lango);
    const [row] = await desk.lango.asOwner<{ day: string }>(
      `SELECT to_char(lango_now() AT TIME ZONE 'Africa/Nairobi', 'DD/MM/YYYY') AS day`,
    );
    desk.today = row!.day;
  }, 60_000);
  afterAll(() => desk.lango?.stop());
  afterEach(async () => {
    expect(await desk.lango.asOwner('SELECT * FROM payment_match_verify()')).toEqual([]);
    expect(await desk.lango.asOwner('SELECT * FROM ledger_verify()')).toEqual([]);
  });
  return desk;
}
