import type { Browser, Page } from 'playwright-core';
import { pageAddresses } from './testing/addresses';
import { openBrowser, signedIn } from './testing/browser';
import { addWalker } from './testing/walker';
import { answerToNonsense, formsOf, loaded, mark, type FormShape } from './testing/nonsense';
import { bySpecificity } from '../platform/http/routes-order';
import { slicePageRoutes } from '../slices';
import { furnish } from '../test-kit/furnish';
import { startTestLango, type TestLango } from '../test-kit/lango';

/**
 * Every form of the console, found by walking every page there is: bad input is answered with 422, a summary that has the focus, the same words beside each
 * field, and everything that was typed; what was changed meanwhile with 409. A page or a form that is made tomorrow is walked without being added here.
 * Those that strangers meet: public-forms.test.ts.
 */
const routes = slicePageRoutes().flatMap(({ routes: all }) => all);
const posts = routes.filter(({ method }) => method === 'POST').sort(bySpecificity);

let walker: { email: string; password: string };
let lango: TestLango;
let browser: Browser;
let ids: Record<string, string>;
/** A company of the installation that the walker does not belong to. */
let other: string;

beforeAll(async () => {
  lango = await startTestLango();
  ids = await furnish(lango, lango.company);
  other = (await lango.addCompany('Kilimani Broadband')).tenantId.toString();
  // In Swahili words that are meant for programs show.
  walker = await addWalker(lango, 'sw');
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

const routeOf = (action: string): string | undefined =>
  posts.find(({ path }) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`).test(action))?.path;

/**
 * Forms that hold a text which stands there before anything is typed and do not ask whether somebody has changed it meanwhile, each with why they need not:
 * what they show is a proposal for something new, and saving them writes over nothing.
 */
const proposals: Record<string, string> = {
  '/payments/banks': 'the currency of the company, for a new account',
  '/payments': 'the price of the service, for a payment that is not there yet',
  '/plans': 'the usual terms of a new plan',
  '/pools': 'the usual limit of a new pool',
  '/routers': 'a secret that was made for a new router',
  '/sites': 'the usual colours of a new site',
  '/subscriptions/:id/extend': 'a day',
  '/subscriptions/:id/top-up': 'a gigabyte',
  '/vouchers/batches': 'the usual number of new vouchers',
};

/** Addresses that a form is sent to and that stand on no page of this company as it is, each with the test that sends it. */
const elsewhere: Record<string, string> = {
  '/bulk/:id/start': 'a button: bulk/console.test.ts',
  '/bulk/:id/stop': 'a button: bulk/console.test.ts',
  '/bulk/:id/undo': 'a button: bulk/console.test.ts',
  '/drift/:id/repair': 'a button: admin/router-pages.test.ts',
  '/firmware': 'boxes of routers, once a catalogue was read: admin/router-pages.test.ts',
  '/invoices/buyers/:id/remove': 'a button: invoices/console.test.ts',
  '/messages/retry': 'a button: messages/console.test.ts',
  '/messages/settings/:provider': 'an account with a carrier: messages/console.test.ts',
  '/messages/settings/:provider/remove': 'a button: messages/console.test.ts',
  '/messages/templates/:template': 'texts of thousands of letters are right there: messages/console.test.ts',
  '/messages/templates/:template/reset': 'a button: messages/console.test.ts',
  '/payments/banks/runs/:id/:row_id': 'a line of a run that was not started: payments/bank/bank.test.ts',
  '/payments/find': 'a button: payments/pages.test.ts',
  '/payments/prompt': 'an account with a provider: payments/pages.test.ts',
  '/payments/refunds/:id': 'a refund that is not known to have been done: payments/refund/console.test.ts',
  '/plans/:id/restore': 'a button: plans/',
  '/plans/preview': 'the form of a plan, looked at while it is typed: plans/',
  '/postpaid/customers/:id/promise': 'somebody who owes: postpaid/console.test.ts',
  '/postpaid/customers/:id/stop': 'a button: postpaid/console.test.ts',
  '/postpaid/customers/:id/unpark': 'a button: postpaid/console.test.ts',
  '/postpaid/customers/:id/write-off': 'somebody who owes: postpaid/console.test.ts',
  '/radsec/authority/change': 'a button: admin/radsec-pages.test.ts',
  '/radsec/authority/end': 'a button: admin/radsec-pages.test.ts',
  '/radsec/server/renew': 'an authority: admin/radsec-pages.test.ts',
  '/radsec/server/replace': 'an authority: admin/radsec-pages.test.ts',
  '/resellers/:id/resume': 'a button: resellers/console.test.ts',
  '/resellers/:id/stock/:batch_id/take-back': 'a button: resellers/stock.test.ts',
  '/resellers/own/sell': 'somebody of a reseller: resellers/console.test.ts',
  '/resellers/own/stock/:id': 'somebody of a reseller: resellers/stock.test.ts',
  '/resellers/own/stock/:id/mark': 'somebody of a reseller: resellers/stock.test.ts',
  '/resellers/own/top-up': 'somebody of a reseller: resellers/console.test.ts',
  '/resellers/payouts': 'commission that is due: resellers/console.test.ts',
  '/resellers/payouts/:id/mark/:payout_id': 'a run of payouts by hand: resellers/payouts.test.ts',
  '/routers/:id/firmware': 'a router that was asked for its version: admin/router-pages.test.ts',
  '/routers/:id/firmware/check': 'a button: admin/router-pages.test.ts',
  '/routers/:id/rotation': 'a button, of a router with an API: rotation/advance.test.ts',
  '/routers/:id/provision/apply': 'a plan of what to configure: admin/router-pages.test.ts',
  '/sessions/:id/disconnect': 'a button: admin/live-pages.test.ts',
  '/sites/:id/identity/remove': 'a button: sites/',
  '/sites/:id/logo/remove': 'a button: sites/',
  '/staff/:id/enable': 'a button: staff/',
  '/staff/me/browsers/:id/end': 'a button: staff/proofs.test.ts',
  '/staff/me/codes/remove': 'somebody with a code app, and the field of /staff/me/password: staff/proofs.test.ts',
  '/staff/me/passkeys': 'filled by the browser: staff/passkeys.test.ts',
  '/staff/me/passkeys/:id/remove':
    'somebody with a passkey, and the field of /staff/me/password: staff/passkeys.test.ts',
  '/staff/me/passkeys/new': 'an address with a name, and the field of /staff/me/password: staff/passkeys.test.ts',
  '/staff/me/programs/:id/end': 'a button: staff/',
  '/staff/me/recovery': 'somebody with a code app, and the field of /staff/me/password: staff/proofs.test.ts',
  '/subscribers/:id/notes/:note_id': 'a button: subscribers/person.test.ts',
  '/subscriptions/:id/activate': 'a button: subscriptions/',
  '/subscriptions/:id/resume': 'a button: admin/live-pages.test.ts',
  '/tables/views/:id/remove': 'a button: tables/lists.test.ts',
  '/tenants/act-end': 'a button: tenants/companies.test.ts',
  '/tenants/identity/remove': 'a button: staff/company-account.test.ts',
  '/tokens/:id/revoke': 'a button: admin/integration-pages.test.ts',
};

/** Every form of the console, once, from the first page that holds it. */
async function eachForm(
  page: Page,
  look: (form: FormShape, at: number, route: string) => Promise<void>,
): Promise<void> {
  const met = new Set<string>();
  for (const address of [...pageAddresses(ids), `/tenants/${other}`]) {
    const open = () => page.goto(lango.baseUrl + address).catch(() => null);
    if ((await open())?.status() !== 200) continue;
    for (const [at, form] of (await formsOf(page)).entries()) {
      const route = routeOf(form.action);
      if (route === undefined || met.has(route)) continue;
      met.add(route);
      await look(form, at, route);
    }
  }
}

test('bad input is answered the same way by every form there is, and a form that was opened before somebody else saved it is told so', async () => {
  const { page, context } = await signedIn(browser, lango, walker);
  const faults: Record<string, string[]> = {};
  const met = new Set<string>();
  const unasked: string[] = [];
  let asked = 0;
  await eachForm(page, async (form, at, route) => {
    met.add(route);
    if (form.filled && !form.carries) unasked.push(route);
    const from = page.url();
    for (const way of ['wrong', 'long', 'stale'] as const) {
      const answer = await answerToNonsense(page, at, way);
      if (!answer) continue;
      asked += 1;
      if (answer.length > 0) faults[`${way} to ${route} from ${from.replace(lango.baseUrl, '')}`] = answer;
      await page.goto(from);
    }
  });
  expect(faults).toEqual({});
  expect(unasked.sort()).toEqual(Object.keys(proposals).sort());
  // Every form was looked for where it stands: what nobody finds is a button without a page.
  const unmet = posts.filter(({ path, permission }) => permission !== 'public' && !met.has(path));
  expect(unmet.map(({ path }) => path).sort()).toEqual(Object.keys(elsewhere).sort());
  expect(asked).toBeGreaterThan(100);
  await context.close();
}, 900_000);

/** Forms that make something, filled in as somebody would: the fields by name, and the action that stands in the audit. */
const makers = (): [page: string, action: string, audited: string[], values: Record<string, string>][] => [
  ['/subscribers/new', '/subscribers', ['subscribers.create'], { name: 'Twice Tapped', phone: '0733 000 111' }],
  ['/plans/new', '/plans', ['plans.create'], { name: 'Twice', price: '100', down: '5', up: '5' }],
  [
    `/subscribers/${ids['clients']}`,
    '/payments',
    ['subscriptions.renew', 'payments.post'],
    { amount: '10', reference: 'TWICE-1' },
  ],
  [
    `/subscribers/${ids['clients']}`,
    `/subscriptions/${ids['subscriptions']}/extend`,
    ['subscriptions.extend'],
    { count: '2' },
  ],
  [
    `/subscribers/${ids['clients']}`,
    `/subscribers/${ids['clients']}/notes`,
    ['subscribers.note_added'],
    { body: 'Called twice' },
  ],
  ['/vouchers/new', '/vouchers/batches', ['vouchers.create-batch'], { count: '3' }],
  ['/discounts/new', '/discounts', ['discounts.create'], { name: 'Twice', percent: '5' }],
  ['/webhooks/new', '/webhooks', ['webhooks.create'], { url: 'https://twice.example/in' }],
];

test('a form that is sent twice at once is done once, and both are led to the same place', async () => {
  const { page, context } = await signedIn(browser, lango, walker);
  const seen: unknown[] = [];
  const wanted: unknown[] = [];
  for (const [address, action, did, values] of makers()) {
    await page.goto(lango.baseUrl + address);
    const before = await audited();
    const answers = await page.evaluate(
      async ([to, filled]) => {
        type Form = { action: string };
        const {
          document,
          FormData: Data,
          fetch: send,
        } = globalThis as unknown as {
          document: { querySelectorAll(s: string): Iterable<Form> };
          FormData: new (form: Form) => Iterable<[string, string]>;
          fetch: typeof fetch;
        };
        const form = [...document.querySelectorAll('form[method=post]')].find(
          (one) => new URL(one.action).pathname === to,
        ) as Form;
        const body = new URLSearchParams([...new Data(form)]);
        for (const [name, value] of Object.entries(filled)) body.set(name, value);
        const one = async () => {
          const answer = await send(to, { method: 'POST', body });
          return `${answer.status} ${new URL(answer.url).pathname}${new URL(answer.url).search}`;
        };
        return Promise.all([one(), one()]);
      },
      [action, values] as const,
    );
    seen.push({ action, done: (await audited()).slice(before.length), alike: answers[0] === answers[1], answers });
    wanted.push({ action, done: did, alike: !did.includes('webhooks.create'), answers: expect.anything() });
  }
  expect(seen).toEqual(wanted);
  await context.close();
}, 300_000);

const audited = async (): Promise<string[]> =>
  (await lango.asOwner<{ action: string }>('SELECT action FROM audit_event ORDER BY id')).map(({ action }) => action);

/** Pages on which something is changed, and the field to change in it. */
const editors = (): [page: string, field: string][] => [
  [`/subscribers/${ids['clients']}/edit`, 'name'],
  [`/plans/${ids['packages']}/edit`, 'name'],
  [`/plans/profiles/${ids['packages/profiles']}`, 'name'],
  [`/pools/${ids['pools']}/edit`, 'name'],
  [`/sites/${ids['sites']}/edit`, 'name'],
  [`/discounts/${ids['discounts']}/edit`, 'name'],
  [`/webhooks/${ids['webhooks']}/edit`, 'description'],
  [`/staff/${ids['staff']}`, 'name'],
  [`/staff/roles/${ids['staff/roles']}`, 'name'],
  ['/tenants/settings', 'name'],
  ['/garden/setup', 'words'],
  [`/invoices/buyers/${ids['subscribers']}`, 'address'],
  ['/invoices/settings', 'legal_name'],
];

test('two people who change the same thing at once: the second is told, and nothing of the first is lost', async () => {
  const first = await signedIn(browser, lango, walker);
  const second = await signedIn(browser, lango, walker);
  const seen: unknown[] = [];
  const field = (page: Page, name: string) => page.locator(`main form [name="${name}"]:is(input, textarea)`).first();
  const save = async (page: Page, name: string, value: string): Promise<number> => {
    await field(page, name).fill(value);
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await mark(page);
    await field(page, name).evaluate((input) =>
      (input as unknown as { form: { requestSubmit(): void } }).form.requestSubmit(),
    );
    const status = (await answered).status();
    await loaded(page);
    return status;
  };
  for (const [address, name] of editors()) {
    for (const { page } of [first, second]) await page.goto(lango.baseUrl + address);
    const saved = await save(first.page, name, 'first-hand');
    const refused = (await save(second.page, name, 'second-hand')) === 409;
    const told = await second.page.locator('.errors').count();
    const kept = await field(second.page, name).inputValue();
    const beside = (await second.page.locator(`#e-${name}`).textContent()) ?? '';
    await first.page.goto(lango.baseUrl + address);
    const now = await field(first.page, name).inputValue();
    seen.push({ address, saved, refused, told, kept, beside: beside.includes('“first-hand”'), now });
  }
  expect(seen).toEqual(
    editors().map(([address]) => ({
      address,
      saved: 303,
      refused: true,
      told: 1,
      kept: 'second-hand',
      beside: true,
      now: 'first-hand',
    })),
  );
  await Promise.all([first.context.close(), second.context.close()]);
}, 300_000);
