import { openMpesaStage, type MpesaStage } from '../../test-kit/payment-provider/mpesa-stage';
import { nextPhone } from '../../test-kit/payment-provider/stage';
import { makeActive, makeSubscription, shiftClock, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

const DAY_MS = 86_400_000;

let stage: MpesaStage;
beforeAll(async () => {
  stage = await openMpesaStage();
}, 60_000);
afterAll(() => stage?.stop());
afterEach(() => shiftClock(stage.lango.db, '0'));

describe('money by hand', () => {
  const pay = (account: string, amount = 100) => stage.daraja.payByHand({ msisdn: '254700000009', amount, account });

  it.each([
    ['login', async (sub: Json) => ` ${String(sub['username']).toUpperCase()} `],
    [
      'account number',
      async (sub: Json) =>
        (await stage.lango.asOwner<{ no: string }>('SELECT payment_account_no($1) AS no', [sub['id']]))[0]!.no,
    ],
  ])('by %s renews the service, once however often it is told', async (_what, accountOf) => {
    const sub = await makeActive(stage.lango.api);
    const before = Date.parse((await stage.service(sub['id']))['expires_at']);
    const paid = pay(await accountOf(sub));
    await Promise.all([stage.daraja.confirm(paid), stage.daraja.confirm(paid), stage.daraja.confirm(paid)]);
    await until(
      () => stage.service(sub['id']),
      (one) => Date.parse(one['expires_at']) === before + DAY_MS,
    );
    await stage.quiet();
    expect(await stage.booked(sub)).toMatchObject({ settled: 1, cents: 10_000 });
  });

  it('of a phone goes to the service of its owner', async () => {
    const phone = nextPhone();
    const client = await stage.lango.api.post<Json>('/clients', { name: 'Otieno', phone });
    const sold = await makeSubscription(stage.lango.api);
    const sub = await stage.lango.api.post<Json>(`/clients/${client.body['id']}/subscriptions`, {
      package_id: sold['package_id'],
      username: phone,
      password: 'open-sesame',
    });
    await stage.daraja.confirm(pay(`0${phone.slice(1, 4)} ${phone.slice(4)}`));
    await until(
      () => stage.service(sub.body['id']),
      (one) => one['state'] === 'active',
    );
  });

  it('to nobody waits in suspense, stands in the books, and is nobody’s until somebody says whose', async () => {
    const paid = pay('NO SUCH THING', 70);
    await stage.daraja.confirm(paid);
    await stage.daraja.confirm(paid);
    const [row] = await until(
      () =>
        stage.lango.asOwner(`SELECT state, amount_cents::int, bill_ref FROM payment_notice WHERE receipt = $1`, [
          paid.receipt,
        ]),
      (rows) => rows.length > 0,
    );
    expect(row).toEqual({ state: 'waiting', amount_cents: 7_000, bill_ref: 'NO SUCH THING' });
    const [suspense] = await stage.lango.asOwner<{ cents: number }>(
      `SELECT balance_cents::int AS cents FROM ledger_account WHERE code = 'suspense'`,
    );
    expect(suspense!.cents).toBe(7_000);
  });

  it('is found in the list when its confirmation never came, page by page, and nothing is booked twice', async () => {
    const subs = await Promise.all([1, 2, 3].map(() => makeActive(stage.lango.api)));
    for (const sub of subs) pay(sub['username']);
    await stage.lango.asOwner(
      `SELECT job_enqueue('payments.list', json_build_object('tenant', $1::text, 'provider', 'mpesa', 'hours', 2))`,
      [stage.lango.company.tenantId.toString()],
    );
    for (const sub of subs)
      await until(
        () => stage.booked(sub),
        (now) => now.settled === 1,
      );
    await stage.lango.asOwner(
      `SELECT job_enqueue('payments.list', json_build_object('tenant', $1::text, 'provider', 'mpesa', 'hours', 2))`,
      [stage.lango.company.tenantId.toString()],
    );
    await until(
      () => stage.daraja.calls.filter((call) => call.path === '/pulltransactions/v1/query').length,
      (n) => n > 6,
    );
    for (const sub of subs) expect(await stage.booked(sub)).toMatchObject({ settled: 1, cents: 10_000 });
  });

  it('is let through before the money moves, unless the company refuses accounts that nobody has', async () => {
    expect((await stage.daraja.validate(pay('NOBODY'))).body).toMatchObject({ ResultCode: '0' });
    const saved = await stage.lango.api.put('/settings/payments/mpesa', {
      ...(await stage.lango.api.get<Json>('/settings/payments/mpesa')).body,
      refuse_unknown_accounts: true,
    });
    expect(saved.status).toBe(200);
    expect((await stage.daraja.validate(pay('NOBODY'))).body).toMatchObject({ ResultCode: 'C2B00012' });
    const sub = await makeActive(stage.lango.api);
    expect((await stage.daraja.validate(pay(sub['username']))).body).toMatchObject({ ResultCode: '0' });
  });
});
