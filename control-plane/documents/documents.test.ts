import type { Browser } from 'playwright-core';
import { faultsOf, openBrowser } from '../admin/testing/browser';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { startAfricasTalking, type FakeAfricasTalking } from '../test-kit/messaging/africastalking';
import { sendsSms, smsAccount } from '../test-kit/messaging/company-sms';
import { make, makeClient, makePackage, unique, type Json } from '../test-kit/story';
import { until } from '../test-kit/until';

/** Customers read their own papers, and nobody else's. */
let at: FakeAfricasTalking;
let lango: TestLango;
let slug: string;
let plan: Json;

beforeAll(async () => {
  at = await startAfricasTalking(smsAccount);
  lango = await startTestLango({ parts: ['jobs'], urls: { africastalking: at.url } });
  slug = await slugOf(lango.company.tenantId);
  plan = await makePackage(lango.api);
}, 120_000);
afterAll(async () => {
  await lango?.stop();
  await at?.stop();
});

const slugOf = async (tenant: bigint): Promise<string> =>
  (await lango.asOwner<{ slug: string }>('SELECT slug FROM tenant WHERE id = $1', [tenant.toString()]))[0]!.slug;

interface Customer {
  id: string;
  phone: string;
  invoice: string;
  number: string;
  receipt: string;
  payment: string;
}

/** Somebody who has paid for a service: one invoice and one receipt. */
async function paid(phone: string): Promise<Customer> {
  const client = await makeClient(lango.api, { name: `Customer ${phone}`, phone });
  const sub = await make(lango.api, '/subscriptions', {
    client_id: client['id'],
    package_id: plan['id'],
    username: unique('user'),
    password: 'secret',
  });
  const receipt = unique('SLIP').toUpperCase();
  const payment = await make(lango.api, '/billing/transactions', {
    subscription_id: sub['id'],
    amount_cents: 10_000,
    method: 'cash',
    reference: receipt,
  });
  const invoice = await until(
    async () => (await lango.api.get<{ items: Json[] }>(`/billing/invoices?client_id=${client['id']}`)).body.items[0],
    (one) => typeof one?.['number'] === 'string',
  );
  return {
    id: client['id'],
    phone,
    invoice: invoice!['id'],
    number: invoice!['number'],
    receipt,
    payment: payment['id'],
  };
}

/** A browser without scripts, as far as it matters here: it keeps what it is told to. */
function browser(company = slug) {
  let cookie = '';
  const ask = async (path: string, form?: Record<string, string>) => {
    const answer = await fetch(`${lango.baseUrl}/documents/${company}${path}`, {
      headers: { cookie },
      redirect: 'manual',
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    const set = answer.headers.getSetCookie().find((one) => one.startsWith('lango_documents='));
    if (set) cookie = set.split(';')[0] ?? '';
    const bytes = Buffer.from(await answer.arrayBuffer());
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      type: answer.headers.get('content-type') ?? '',
      text: bytes.toString('latin1'),
      set,
    };
  };
  return { ask, cookie: () => cookie, take: (other: string) => void (cookie = other) };
}

const codes = (phone: string): string[] =>
  at.sent
    .filter(({ to, text }) => to === phone && /^\d{6} is your code/.test(text))
    .map(({ text }) => text.slice(0, 6));
const codeOn = async (phone: string, many = 1): Promise<string> =>
  (
    await until(
      () => codes(phone),
      (all) => all.length >= many,
    )
  ).at(-1)!;
const other = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

async function prove(phone: string, many = 1) {
  const theirs = browser();
  expect(await theirs.ask('', { to: phone })).toMatchObject({ status: 303, location: `/documents/${slug}/code` });
  const right = await theirs.ask('/code', { code: await codeOn(phone, many) });
  expect(right).toMatchObject({ status: 303, location: `/documents/${slug}` });
  return theirs;
}

test('where the company cannot send codes the page says so and asks for nothing', async () => {
  const closed = await browser().ask('');
  expect([closed.status, closed.text.includes('cannot send codes'), closed.text.includes('<form')]).toEqual([
    200,
    true,
    false,
  ]);
  expect((await browser('no-such-company').ask('')).status).toBe(404);
});

test('a customer proves the phone, reads the own papers as PDF, and closes them again', async () => {
  await sendsSms(lango);
  const me = await paid('+254711000001');
  const theirs = browser();
  expect((await theirs.ask('', { to: '12' })).text).toContain('Write your phone number');
  expect((await theirs.ask('', { to: 'me@example.com' })).status).toBe(422);
  // As people write it.
  const asked = await theirs.ask('', { to: '0711 000 001' });
  expect([asked.status, asked.location]).toEqual([303, `/documents/${slug}/code`]);
  expect(asked.set).toMatch(/HttpOnly/i);
  const code = await codeOn(me.phone);
  expect((await theirs.ask('')).text).not.toContain(me.number);
  const wrong = await theirs.ask('/code', { code: other(code) });
  expect([wrong.status, wrong.text.includes('That is not the code.')]).toEqual([422, true]);
  expect((await theirs.ask('/code', { code: `${code.slice(0, 3)} ${code.slice(3)}` })).status).toBe(303);
  // Sent twice it is right twice.
  expect((await theirs.ask('/code', { code })).status).toBe(303);

  const mine = await theirs.ask('');
  for (const text of [me.number, me.receipt, '100']) expect(mine.text).toContain(text);
  for (const paper of [`invoice-${me.invoice}`, `receipt-${me.payment}`]) {
    expect(mine.text).toContain(`/documents/${slug}/papers/${paper}"`);
    const pdf = await theirs.ask(`/papers/${paper}`);
    expect([pdf.status, pdf.type, pdf.text.slice(0, 5)]).toEqual([200, 'application/pdf', '%PDF-']);
  }
  // Billed before: there is no statement.
  expect((await theirs.ask(`/papers/statement-${me.id}`)).status).toBe(404);

  const before = theirs.cookie();
  expect((await theirs.ask('/leave', {})).status).toBe(303);
  theirs.take(before);
  expect((await theirs.ask('')).text).not.toContain(me.number);
  expect((await theirs.ask(`/papers/invoice-${me.invoice}`)).location).toBe(`/documents/${slug}`);
});

test('nobody reads another customer’s papers, by number, without a code, or from another company', async () => {
  const me = await paid('+254711000002');
  const neighbour = await paid('+254711000003');
  const theirs = await prove(me.phone);
  for (const paper of [
    `invoice-${neighbour.invoice}`,
    `receipt-${neighbour.payment}`,
    `statement-${neighbour.id}`,
    'invoice-999999999',
    'invoice-0',
    `invoice-${me.invoice}x`,
    'nothing',
  ])
    expect([paper, (await theirs.ask(`/papers/${paper}`)).status]).toEqual([paper, 404]);
  expect((await theirs.ask('')).text).not.toContain(neighbour.receipt);
  const nobody = browser();
  expect((await nobody.ask(`/papers/invoice-${me.invoice}`)).location).toBe(`/documents/${slug}`);
  // A ticket counts at its own company.
  const elsewhere = await lango.addCompany();
  const there = browser(await slugOf(elsewhere.tenantId));
  there.take(theirs.cookie());
  expect((await there.ask('')).text).not.toContain(me.number);
  expect((await there.ask(`/papers/invoice-${me.invoice}`)).status).toBe(303);
  // Who is erased has nothing here any more.
  await lango.asOwner(`UPDATE subscriber SET deleted_at = lango_now() WHERE id = $1`, [me.id]);
  expect((await theirs.ask('')).text).not.toContain(me.number);
  expect((await theirs.ask(`/papers/invoice-${me.invoice}`)).status).toBe(404);
});

test('a stranger’s phone goes the same way and gets nothing; a code dies with five tries; codes to one phone are few', async () => {
  const me = await paid('+254711000004');
  const stranger = browser();
  const asked = await stranger.ask('', { to: '0799 999 999' });
  expect([asked.status, asked.location]).toEqual([303, `/documents/${slug}/code`]);
  const theirs = browser();
  expect((await theirs.ask('', { to: me.phone })).location).toBe(asked.location);
  // The same words, whoever it is.
  expect((await stranger.ask('/code')).text).toBe((await theirs.ask('/code')).text);
  const code = await codeOn(me.phone);
  expect(codes('+254799999999')).toEqual([]);
  expect((await stranger.ask('/code', { code })).text).toContain('That is not the code.');
  for (let tries = 0; tries < 5; tries++)
    expect((await theirs.ask('/code', { code: other(code) })).text).toContain('That is not the code.');
  expect((await theirs.ask('/code', { code })).text).toContain('does not work any more');
  for (let more = 0; more < 4; more++) expect((await browser().ask('', { to: me.phone })).status).toBe(303);
  const often = await browser().ask('', { to: me.phone });
  expect([often.status, often.text.includes('Several codes')]).toEqual([429, true]);
  // Nothing that is kept tells the phone or a code.
  const [kept] = await lango.asOwner<{ all: string }>(
    `SELECT string_agg(row_to_json(t)::text, ' ') AS all FROM document_ticket t`,
  );
  expect(kept!.all).not.toContain('711000004');
  expect(kept!.all).not.toContain(code);
});

test('who is billed after the month has a statement', async () => {
  const me = await paid('+254711000005');
  const { body } = await lango.api.get<{ items: Json[] }>(`/subscriptions?client_id=${me.id}`);
  await make(lango.api, '/postpaid/accounts', { subscription_id: body.items[0]!['id'] });
  const theirs = await prove(me.phone);
  expect((await theirs.ask('')).text).toContain(`/papers/statement-${me.id}"`);
  const pdf = await theirs.ask(`/papers/statement-${me.id}`);
  expect([pdf.status, pdf.text.slice(0, 5)]).toEqual([200, '%PDF-']);
});

test('on a phone, light and dark, every page can be read and used', async () => {
  const me = await paid('+254711000006');
  const theirs = await prove(me.phone);
  const asking = browser();
  await asking.ask('', { to: me.phone });
  const chromium: Browser = await openBrowser();
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await chromium.newContext({ viewport: { width: 360, height: 740 }, colorScheme, locale: 'sw' });
      const page = await context.newPage();
      await page.goto(`${lango.baseUrl}/documents/${slug}`);
      expect(await faultsOf(page, `ask-${colorScheme}`)).toEqual([]);
      const keep = (cookie: string) =>
        context.addCookies([{ name: 'lango_documents', value: cookie.split('=')[1]!, url: lango.baseUrl }]);
      await keep(asking.cookie());
      await page.goto(`${lango.baseUrl}/documents/${slug}/code`);
      expect(await faultsOf(page, `code-${colorScheme}`)).toEqual([]);
      await keep(theirs.cookie());
      await page.goto(`${lango.baseUrl}/documents/${slug}`);
      expect(await page.textContent('main')).toContain('Ankara');
      expect(await faultsOf(page, `mine-${colorScheme}`)).toEqual([]);
      await context.close();
    }
  } finally {
    await chromium.close();
  }
}, 120_000);
