import {
  ackCallOf,
  receiptOf,
  startFamilyBank,
  type BankPrompt,
  type SimulatedFamilyBank,
} from '../../test-kit/familybank';
import { familyBankRig } from '../../test-kit/payment-provider/familybank';
import { nothing, once, openStage, type Stage } from '../../test-kit/payment-provider/stage';
import { makeActive, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';
import type { Account, Order } from '../provider';
import { orderWord } from './client';
import { familyBank } from './provider';
import { familyBankSettings, type FamilyBankSettings } from './settings';

const order = (accountRef: string): Order => ({
  id: 1n,
  accountRef,
  phone: '+254712345678',
  amount_cents: 10_000n,
  currency: 'KES',
  description: 'Home 5M',
  callbackUrl: 'http://isp.example/hooks/bank/x',
  returnUrl: '',
  createdAt: new Date(),
  at: new Date(),
});

describe.each([
  ['shortcode_first', 'upper'],
  ['client_first', 'mixed'],
] as const)(
  'an account whose password begins with %s and whose fields are spelled %s',
  (password_order, field_names) => {
    let bank: SimulatedFamilyBank;
    let account: Account<FamilyBankSettings>;
    beforeEach(async () => {
      bank = await startFamilyBank({ passwordOrder: password_order, fieldNames: field_names });
      const { clientId: client_id, clientSecret: client_secret, shortcode } = bank.options;
      const said = { environment: 'sandbox', client_id, client_secret, shortcode, password_order, field_names };
      account = { tenantId: 7n, settings: familyBankSettings.parse(said), baseUrl: bank.baseUrl };
    });
    afterEach(() => bank.stop());

    it('prompts, names the order by a word of its own, and fetches one token for many', async () => {
      const refs = ['P0001A', 'P0002B', 'P0003C'];
      const prompted = await Promise.all(refs.map((ref) => familyBank.prompt(account, order(ref))));
      expect(prompted.map((one) => one.kind)).toEqual(['accepted', 'accepted', 'accepted']);
      expect(bank.prompts.map((one) => one.word).sort()).toEqual(
        refs.map((ref) => orderWord(account.settings, 7n, ref)),
      );
      expect(new Set(bank.prompts.map((one) => one.word.slice(-16))).size).toBe(3);
      expect(bank.requests.filter((one) => one.path === '/connect/token')).toHaveLength(1);
      bank.forgetTokens();
      expect(await familyBank.prompt(account, order('P0004D'))).toMatchObject({ kind: 'accepted' });
    });

    it('is not taken in the other dialect, and what is certain to be undone is told from what is not', async () => {
      const other = password_order === 'client_first' ? ('shortcode_first' as const) : ('client_first' as const);
      const wrong = { ...account, settings: { ...account.settings, password_order: other } };
      expect(await familyBank.prompt(wrong, order('P0001A'))).toMatchObject({
        kind: 'refused',
        text: 'Wrong credentials',
      });
      bank.failNext('away', 'html', 'refused');
      expect(await familyBank.prompt(account, order('P0001A'))).toMatchObject({ kind: 'silent' });
      expect(await familyBank.prompt(account, order('P0001A'))).toMatchObject({ kind: 'silent' });
      expect(await familyBank.prompt(account, order('P0001A'))).toMatchObject({ kind: 'refused', code: '1' });
      expect(bank.prompts).toHaveLength(0);
      expect(await familyBank.prompt({ ...account, baseUrl: 'http://127.0.0.1:1' }, order('P0001A'))).toMatchObject({
        kind: 'not_sent',
      });
    });
  },
);

test('in service the address of the API must be said; tokens may come from another', () => {
  const said = { environment: 'production', client_id: 'c', client_secret: 's', shortcode: '222111' };
  expect(familyBankSettings.safeParse(said).error?.issues).toMatchObject([{ path: ['base_url'] }]);
  const whole = familyBankSettings.parse({
    ...said,
    base_url: 'https://api.bank.example:8443/',
    sources: '10.0.0.1, 10.0.0.2',
  });
  expect(familyBank.baseUrl(whole)).toBe('https://api.bank.example:8443');
  expect(whole.sources).toEqual(['10.0.0.1', '10.0.0.2']);
});

describe('calls of the bank', () => {
  let stage: Stage<BankPrompt>;
  let bank: SimulatedFamilyBank;
  beforeAll(async () => {
    const rig = await familyBankRig();
    bank = rig.bank;
    stage = await openStage(rig);
  }, 60_000);
  afterAll(() => stage?.stop());
  const save = async (fields: Json): Promise<void> => {
    const { lango, rig } = stage;
    const saved = await lango.api.put<Json>('/settings/payments/familybank', {
      ...rig.settings(),
      ...fields,
      per_second: 100,
    });
    expect(saved.status).toBe(200);
  };
  const noticeOf = async (receipt: string): Promise<Json | undefined> =>
    (
      await stage.lango.asOwner(
        `SELECT state, amount_cents::int AS cents, bill_ref FROM payment_notice WHERE receipt = $1`,
        [receipt],
      )
    )[0];

  it('without a receipt prove nothing, unless the bank has said that they do', async () => {
    const { sub, payment, order: prompt } = await stage.taken();
    bank.pay(prompt);
    await bank.call(prompt, () => ackCallOf(prompt));
    const seen = await stage.inState(payment['id'], 'unknown');
    expect(seen['timeline'].find((one: Json) => one['step'] === 'doubted')['detail']).toBe('no receipt');
    expect(await stage.booked(sub)).toEqual(nothing);
    await save({ paid_without_receipt: true });
    await bank.call(prompt, () => ackCallOf(prompt));
    expect(await stage.inState(payment['id'], 'settled')).toMatchObject({ receipt: null });
    // The receipt comes after it, and is no second payment.
    await bank.call(prompt);
    await until(
      () => stage.show(payment['id']),
      (one) => one['receipt'] !== null,
    );
    await stage.quiet();
    expect(await stage.booked(sub)).toEqual(once);
    await save({ paid_without_receipt: false });
  });

  it('with another amount are in no book, and wait for a person under the order’s reference', async () => {
    const { sub, payment, order: prompt } = await stage.taken();
    const odd = { ...bank.pay(prompt), amount: 40 };
    await bank.call(odd);
    const receipt = prompt.truth.kind === 'paid' ? prompt.truth.receipt : '';
    expect(
      await until(
        () => noticeOf(receipt),
        (row) => row !== undefined,
      ),
    ).toEqual({ state: 'unproven', cents: 4_000, bill_ref: payment['reference'] });
    expect(await stage.booked(sub)).toEqual(nothing);
  });

  it('from an address that the company has not named are not believed, whatever they know', async () => {
    await save({ sources: ['192.0.2.1'] });
    const { sub, payment, order: prompt } = await stage.taken();
    await bank.call(bank.pay(prompt));
    const seen = await stage.inState(payment['id'], 'unknown');
    expect(seen['timeline'].find((one: Json) => one['step'] === 'doubted')['detail']).toBe('unknown source');
    expect(await stage.booked(sub)).toEqual(nothing);
    await save({ sources: ['127.0.0.1'] });
    await bank.call(prompt);
    await stage.inState(payment['id'], 'settled');
    expect(await stage.booked(sub)).toEqual(once);
    await save({ sources: [] });
  });

  it('about money that came to its paybill renew the service that was typed, where the source is known; otherwise they wait', async () => {
    const sub = await makeActive(stage.lango.api);
    const to = bank.prompts[0]!.callbackUrl;
    const money = { receipt: receiptOf(), amount: 100, account: String(sub['username']), msisdn: '254712345678' };
    await bank.notify(to, money);
    await until(
      () => noticeOf(money.receipt),
      (row) => row?.['state'] === 'unproven',
    );
    expect(await stage.booked(sub)).toMatchObject({ settled: 0, cents: 0 });
    await save({ sources: ['127.0.0.1'] });
    await Promise.all([bank.notify(to, money), bank.notify(to, money)]);
    await until(
      () => stage.booked(sub),
      (now) => now.settled === 1,
    );
    await stage.quiet();
    expect(await stage.booked(sub)).toMatchObject({ settled: 1, cents: 10_000 });
    await save({ sources: [] });
  });

  it('and the notice of the same receipt are one payment', async () => {
    await save({ sources: ['127.0.0.1'] });
    const { sub, payment, order: prompt } = await stage.taken();
    bank.pay(prompt);
    const receipt = prompt.truth.kind === 'paid' ? prompt.truth.receipt : '';
    const money = { receipt, amount: 100, account: prompt.reference, msisdn: prompt.msisdn };
    await Promise.all([bank.call(prompt), bank.notify(prompt.callbackUrl, money), bank.call(prompt)]);
    await stage.inState(payment['id'], 'settled');
    await stage.quiet();
    expect(await stage.booked(sub)).toEqual(once);
    await save({ sources: [] });
  });
});
