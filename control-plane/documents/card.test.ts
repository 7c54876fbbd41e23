import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { sendsSms, smsAccount } from '../test-kit/messaging/company-sms';
import { make, makeClient, makePackage, unique, type Json } from '../test-kit/story';
import { startStripe, type SimulatedStripe } from '../test-kit/stripe';
import { until } from '../test-kit/until';

/** Customers pay with a card, behind the code that came to their phone. */
let at: FakeAfricasTalking;
let stripe: SimulatedStripe;
let lango: TestLango;
let slug: string;
let plan: Json;
beforeAll(async () => {
  [at, stripe] = await Promise.all([startAfricasTalking(smsAccount), startStripe()]);
  lango = await startTestLango({
    parts: ['jobs'],
    urls: { africastalking: at.url, stripe: stripe.baseUrl },
    publicUrl: 'http://isp.example',
  });
  stripe.reach = lango.baseUrl;
  const [company] = await lango.asOwner<{ slug: string }>('SELECT slug FROM tenant WHERE id = $1', [
    lango.company.tenantId.toString(),
  ]);
  slug = company!.slug;
  plan = await makePackage(lango.api);
  await sendsSms(lango);
}, 120_000);
afterAll(async () => {
  await lango?.stop();
  await at?.stop();
  await stripe?.stop();
});

interface Customer {
  id: string;
  phone: string;
  sub: Json;
}
async function customer(phone: string): Promise<Customer> {
  const client = await makeClient(lango.api, { name: `Customer ${phone}`, phone });
  const fields = { client_id: client['id'], package_id: plan['id'], username: unique('user'), password: 'secret' };
  return { id: client['id'], phone, sub: await make(lango.api, '/subscriptions', fields) };
}

/** A browser that has typed the code of this phone. */
async function proven(phone: string) {
  let cookie = '';
  const ask = async (path: string, form?: Record<string, string>) => {
    const answer = await fetch(`${lango.baseUrl}/documents/${slug}${path}`, {
      headers: { cookie },
      redirect: 'manual',
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    const set = answer.headers.getSetCookie().find((one) => one.startsWith('lango_documents='));
    if (set) cookie = set.split(';')[0] ?? '';
    return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
  };
  await ask('', { to: phone });
  const sms = await until(
    () => at.sent.filter(({ to, text }) => to === phone && /^\d{6} is your code/.test(text)).at(-1),
    (one) => one !== undefined,
  );
  expect((await ask('/code', { code: sms!.text.slice(0, 6) })).status).toBe(303);
  return { ask, cookie: () => cookie };
}
const stateOf = async ({ sub }: Customer) => (await lango.api.get<Json>(`/subscriptions/${sub['id']}`)).body['state'];
/** What a redirect names below the company's address. */
const below = (location: string): string => location.replace(`/documents/${slug}`, '');
const linkOf = (text: string): string =>
  /href="(http[^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=') ?? '';

test('without an account for cards nothing is offered, and nothing can be asked for', async () => {
  const me = await customer('+254712000001');
  const mine = await proven(me.phone);
  expect((await mine.ask('')).text).not.toContain('with a card');
  expect((await mine.ask(`/pay/${me.sub['id']}`, {})).status).toBe(404);
});

describe('with one', () => {
  beforeAll(async () => {
    expect((await lango.api.put('/settings/payments/stripe', { secret_key: stripe.key })).status).toBe(200);
    await until(
      () => stripe.endpoints,
      (endpoints) => endpoints.length > 0,
    );
  });

  test('a renewal is paid on Stripe’s page and switches the service on; tapped twice it is one page', async () => {
    const me = await customer('+254712000002');
    const mine = await proven(me.phone);
    expect((await mine.ask('')).text).toContain('Pay KES 100 with a card');
    const [first, again] = await Promise.all([
      mine.ask(`/pay/${me.sub['id']}`, {}),
      mine.ask(`/pay/${me.sub['id']}`, {}),
    ]);
    expect([first.status, again.location]).toEqual([303, first.location]);
    const page = await mine.ask(below(first.location));
    const session = stripe.sessions.at(-1)!;
    expect([page.status, linkOf(page.text)]).toEqual([200, session.url]);
    expect(session.amount_total).toBe(10_000);
    // The card is declined, and then another is not.
    await stripe.tell('payment_intent.payment_failed', {
      id: 'pi_declined',
      object: 'payment_intent',
      metadata: { order: session.client_reference_id },
      last_payment_error: { code: 'card_declined', message: 'Insufficient funds.' },
    });
    await until(
      async () => (await mine.ask(below(first.location))).text,
      (text) => text.includes('Your card was declined'),
    );
    expect(await stateOf(me)).toBe('pending');
    await stripe.tellSession(stripe.pay(session));
    await until(
      () => stateOf(me),
      (state) => state === 'active',
    );
    const paid = await mine.ask(below(first.location));
    expect([paid.text.includes('Your payment is here'), linkOf(paid.text)]).toEqual([true, '']);
    // The next time is another payment.
    expect((await mine.ask(`/pay/${me.sub['id']}`, {})).location).not.toBe(first.location);
  }, 60_000);

  test('a page that has run out says so, and nothing was taken', async () => {
    const me = await customer('+254712000003');
    const mine = await proven(me.phone);
    const { location } = await mine.ask(`/pay/${me.sub['id']}`, {});
    await mine.ask(below(location));
    await stripe.tellSession(stripe.expire(stripe.sessions.at(-1)!));
    await until(
      async () => (await mine.ask(below(location))).text,
      (text) => text.includes('has run out, and nothing was taken'),
    );
    expect(await stateOf(me)).toBe('pending');
    // Who left Stripe's page without paying reads the same and finds back.
    const left = await fetch(`${lango.baseUrl}/payments/done/${slug}`).then((answer) => answer.text());
    expect([left.includes('Nothing was taken'), left.includes(`/documents/${slug}`)]).toEqual([true, true]);
  }, 60_000);

  test('who is billed after the month pays what they owe', async () => {
    const me = await customer('+254712000004');
    await make(lango.api, '/postpaid/accounts', { subscription_id: me.sub['id'] });
    await lango.asOwner(
      `WITH s AS (SELECT set_config('lango.tenant', $1, true))
       SELECT ledger_post(jsonb_build_array(jsonb_build_object('key', 'test:owed:' || $2::text, 'debit', ledger_account_for('receivable', 'KES', $2::bigint),
         'credit', ledger_account_for('sales', 'KES'), 'amount_cents', 43210, 'kind', 'sale'))) FROM s`,
      [lango.company.tenantId.toString(), me.id],
    );
    const mine = await proven(me.phone);
    const page = await mine.ask('');
    expect([page.text.includes('What you owe'), page.text.includes('Pay KES 432.10 with a card')]).toEqual([
      true,
      true,
    ]);
    const { location } = await mine.ask(`/pay/${me.sub['id']}`, {});
    await mine.ask(below(location));
    expect(stripe.sessions.at(-1)!.amount_total).toBe(43_210);
  }, 60_000);

  test('where a currency has no parts, what is offered is what is asked for, and tapped twice it is one page', async () => {
    const me = await customer('+254712000008');
    const whole = await makePackage(lango.api, { price_cents: 150_050, currency: 'UGX' });
    const other = await make(lango.api, '/subscriptions', {
      client_id: me.id,
      package_id: whole['id'],
      username: unique('user'),
      password: 'secret',
    });
    const mine = await proven(me.phone);
    expect((await mine.ask('')).text.replaceAll('\u00a0', ' ')).toContain('Pay UGX 1,501 with a card');
    const first = await mine.ask(`/pay/${other['id']}`, {});
    await mine.ask(below(first.location));
    expect(stripe.sessions.at(-1)!.amount_total).toBe(150_100);
    expect((await mine.ask(`/pay/${other['id']}`, {})).location).toBe(first.location);
  }, 60_000);

  test('nobody pays for, or sees, what is another’s; a service that staff has shut is not offered', async () => {
    const [me, neighbour] = [await customer('+254712000005'), await customer('+254712000006')];
    const [mine, theirs] = [await proven(me.phone), await proven(neighbour.phone)];
    const before = stripe.sessions.length;
    for (const service of [neighbour.sub['id'], '999999999', '0', 'x'])
      expect((await mine.ask(`/pay/${service}`, {})).status).toBe(404);
    const { location } = await theirs.ask(`/pay/${neighbour.sub['id']}`, {});
    await theirs.ask(below(location));
    expect((await mine.ask(below(location))).status).toBe(404);
    const stranger = await fetch(`${lango.baseUrl}${location}`, { redirect: 'manual' });
    expect([stranger.status, stranger.headers.get('location')]).toEqual([303, `/documents/${slug}`]);
    expect(
      (
        await fetch(`${lango.baseUrl}/documents/${slug}/pay/${me.sub['id']}`, { method: 'POST', redirect: 'manual' })
      ).headers.get('location'),
    ).toBe(`/documents/${slug}`);
    expect(stripe.sessions.length).toBe(before + 1);
    await lango.api.post(`/billing/transactions`, {
      subscription_id: me.sub['id'],
      amount_cents: 10_000,
      method: 'cash',
      reference: unique('R'),
    });
    await lango.api.post(`/subscriptions/${me.sub['id']}/suspend`, { reason: 'abuse' });
    expect((await mine.ask('')).text).not.toContain('with a card');
    expect((await mine.ask(`/pay/${me.sub['id']}`, {})).status).toBe(404);
  }, 60_000);

  test('on a phone, light and dark, both pages can be read and used', async () => {
    const me = await customer('+254712000007');
    const mine = await proven(me.phone);
    const chromium: Browser = await openBrowser();
    try {
      for (const [colorScheme, width] of [
        ['light', 360],
        ['dark', 1280],
      ] as const) {
        const context = await chromium.newContext({ viewport: { width, height: 740 }, colorScheme });
        await context.addCookies([
          { name: 'lango_documents', value: mine.cookie().split('=')[1]!, url: lango.baseUrl },
        ]);
        const page = await context.newPage();
        await page.goto(`${lango.baseUrl}/documents/${slug}`);
        expect(await faultsOf(page, `card-mine-${width}`)).toEqual([]);
        await page.click('text=Pay KES 100 with a card');
        expect(await page.getAttribute('a.is-action', 'href')).toBe(stripe.sessions.at(-1)!.url);
        expect(await faultsOf(page, `card-${width}`)).toEqual([]);
        await context.close();
      }
    } finally {
      await chromium.close();
    }
  }, 120_000);
});
