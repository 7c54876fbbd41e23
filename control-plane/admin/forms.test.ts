import type { Browser, Page } from 'playwright-core';
import { openBrowser, signedIn } from './testing/browser';
import { bySpecificity } from '../platform/http/routes-order';
import { slicePageRoutes } from '../slices';
import { furnish } from '../test-kit/furnish';
import { startTestLango, type TestLango } from '../test-kit/lango';

/**
 * Every form of the console, found by walking every page there is: bad input is answered with 422, a summary that has the focus, the same words beside each
 * field, and everything that was typed. A page or a form that is made tomorrow is walked without being added here.
 */
const routes = slicePageRoutes().flatMap(({ routes: all }) => all);
const pages = routes.filter(({ method, permission }) => method === 'GET' && permission !== 'public');
const posts = routes.filter(({ method }) => method === 'POST').sort(bySpecificity);

const walker = { email: 'walker@example.net' };
let lango: TestLango;
let browser: Browser;
let ids: Record<string, string>;

beforeAll(async () => {
  lango = await startTestLango();
  ids = await furnish(lango, lango.company);
  // A colleague who may do everything, has no second proof yet, and reads Swahili: words meant for programs show.
  await lango.asOwner(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash, is_super_admin, locale)
     SELECT s.tenant_id, r.id, $2, 'Walker', s.password_hash, true, 'sw' FROM staff s, staff_role r WHERE s.id = $1 AND r.key = 'super_admin' AND r.tenant_id IS NULL`,
    [lango.company.staffId.toString(), walker.email],
  );
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

/** What a page refuses to be without. */
const queries = (): Record<string, string> => ({
  '/subscriptions/new': `?client=${ids['clients']}`,
  '/subscriptions/:id/change-plan': `?package_id=${ids['packages']}`,
  '/discounts/claim': `?subscription=${ids['subscriptions']}`,
  '/certificates': `?subscription=${ids['subscriptions']}`,
  '/bulk/new': '?action=extend',
});

/** Addresses of pages, with the ids of what the company owns; files and fragments have no forms of their own. */
function addresses(): string[] {
  return pages.flatMap(({ path }) => {
    const noun = Object.keys(ids)
      .filter((one) => path.startsWith(`/${one}/`))
      .sort((a, b) => b.length - a.length)[0];
    if (/csv$|json$|:(?!id\b)/.test(path) || (path.includes(':id') && noun === undefined)) return [];
    return [path.replace(':id', ids[noun ?? ''] ?? '') + (queries()[path] ?? '')];
  });
}

const routeOf = (action: string): string | undefined =>
  posts.find(({ path }) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`).test(action))?.path;

/** Where each of a page's forms is sent to. */
const actionsOf = (page: Page): Promise<string[]> =>
  page.$$eval('form[method=post]', (forms) =>
    forms.map((form) => (form as unknown as { getAttribute(name: string): string }).getAttribute('action')),
  );

interface Control {
  name: string;
  value: string;
}

/** Types what no form can take into a page's form and sends it, past the browser's own checks. Gives what was typed; undefined where nothing can be wrong. */
async function sendNonsense(page: Page, at: number): Promise<Control[] | undefined> {
  return page.evaluate((place) => {
    type Field = {
      name: string;
      type: string;
      autocomplete: string;
      value: string;
      required: boolean;
      inputMode: string;
      readOnly: boolean;
      hidden: boolean;
      tagName: string;
    };
    type Form = { elements: Iterable<Field>; noValidate: boolean; requestSubmit(): void };
    const form = (
      globalThis as unknown as { document: { querySelectorAll(s: string): Form[] } }
    ).document.querySelectorAll('form[method=post]')[place] as Form;
    const texts = [...form.elements].filter(
      ({ name, type, readOnly, hidden }) =>
        name &&
        !readOnly &&
        !hidden &&
        ['text', 'tel', 'email', 'search', 'textarea', 'password', 'file'].includes(type),
    );
    let wrong = 0;
    for (const field of texts) {
      if (field.type === 'file') wrong += 1;
      else if (field.required) {
        field.value = ['numeric', 'decimal', 'tel'].includes(field.inputMode) ? 'x y' : '';
        wrong += 1;
      } else if (['numeric', 'decimal'].includes(field.inputMode)) {
        field.value = 'x y';
        wrong += 1;
      } else if (field.type !== 'password' && field.value === '') field.value = 'Kept 7';
    }
    if (wrong === 0) return undefined;
    const typed = texts
      // Neither a secret nor a code of the moment is shown again.
      .filter(({ type, autocomplete }) => type !== 'password' && type !== 'file' && autocomplete !== 'one-time-code')
      .map(({ name, value }) => ({ name, value }));
    form.noValidate = true;
    form.requestSubmit();
    return typed;
  }, at);
}

/** What the answer to nonsense lacks. */
async function faultsOfAnswer(page: Page, typed: Control[]): Promise<string[]> {
  return page.evaluate((kept) => {
    type Node = {
      textContent: string;
      className: string;
      id: string;
      value?: string;
      getAttribute(name: string): string | null;
    };
    type Doc = {
      title: string;
      activeElement: Node | null;
      querySelectorAll(s: string): Iterable<Node>;
      querySelector(s: string): Node | null;
      getElementById(id: string): Node | null;
    };
    const { document } = globalThis as unknown as { document: Doc };
    const faults: string[] = [];
    const summary = document.querySelector('.errors');
    if (!summary) return ['there is no error summary'];
    if (document.activeElement !== summary) faults.push('the summary has not got the focus');
    if (!document.title.startsWith('Kosa:')) faults.push(`the title is "${document.title}"`);
    const links = [...document.querySelectorAll('.errors li')];
    if (links.length === 0) faults.push('the summary names no field');
    for (const line of links) {
      if (/\b(must|the|give|choose|between|should|needed|character|number)\b/i.test(line.textContent))
        faults.push(`"${line.textContent}" is no Swahili`);
      const link = [...document.querySelectorAll('.errors a')].find((one) => one.textContent === line.textContent);
      const id = link?.getAttribute('href')?.slice(1) ?? '';
      const field = document.getElementById(id);
      if (!field) faults.push(`"${line.textContent}" leads to no field (${id})`);
      const beside = document.getElementById(id.replace(/^f-/, 'e-'));
      if (field && beside?.textContent.trim() !== line.textContent.trim())
        faults.push(`beside ${id} stands "${beside?.textContent ?? 'nothing'}" and not "${line.textContent}"`);
    }
    const form = '.page form, main form';
    for (const { name, value } of kept) {
      const fields = [...document.querySelectorAll(`:is(${form}) [name="${name}"]`)];
      if (!fields.some((field) => field.value === value))
        faults.push(
          `"${value}" in ${name} was not kept: ${fields.map((field) => `"${field.value}"`).join() || 'no such field'}`,
        );
    }
    return faults;
  }, typed);
}

/** The page that took the place of the one that was marked. */
const loaded = (page: Page) =>
  // A function, for words that are asked twice fall to the policy against eval.
  page.waitForFunction(() => {
    const { document, isBefore } = globalThis as unknown as { document: { readyState: string }; isBefore?: boolean };
    return document.readyState === 'complete' && !isBefore;
  });

/** What is wrong with the answer to nonsense in one of the page's forms; undefined where nothing can be wrong in it. */
async function answerToNonsense(page: Page, at: number): Promise<string[] | undefined> {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  answered.catch(() => undefined);
  await page.evaluate('globalThis.isBefore = true');
  const typed = await sendNonsense(page, at);
  if (!typed) return undefined;
  const status = (await answered).status();
  await loaded(page);
  return status === 422 ? faultsOfAnswer(page, typed) : [`answers ${status} at ${page.url()}`];
}

test('bad input is answered the same way by every form there is', async () => {
  const { page, context } = await signedIn(browser, lango, { ...lango.company, ...walker });
  const faults: Record<string, string[]> = {};
  const met = new Set<string>();
  let asked = 0;
  for (const address of addresses()) {
    const open = () => page.goto(lango.baseUrl + address).catch(() => null);
    if ((await open())?.status() !== 200) continue;
    for (const [at, action] of (await actionsOf(page)).entries()) {
      const route = routeOf(action);
      if (route === undefined || met.has(route)) continue;
      met.add(route);
      const answer = await answerToNonsense(page, at);
      if (!answer) continue;
      asked += 1;
      if (answer.length > 0) faults[`POST ${route} from ${address}`] = answer;
      await open();
    }
  }
  expect(faults).toEqual({});
  // Every form was looked for where it stands: what nobody finds is a button without a page.
  expect(asked).toBeGreaterThan(30);
  await context.close();
}, 300_000);

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
  const { page, context } = await signedIn(browser, lango, { ...lango.company, ...walker });
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
];

test('two people who change the same thing at once: the second is told, and nothing of the first is lost', async () => {
  const first = await signedIn(browser, lango, { ...lango.company, ...walker });
  const second = await signedIn(browser, lango, { ...lango.company, ...walker });
  const seen: unknown[] = [];
  const field = (page: Page, name: string) => page.locator(`main form [name="${name}"]:is(input, textarea)`).first();
  const save = async (page: Page, name: string, value: string): Promise<number> => {
    await field(page, name).fill(value);
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.evaluate('globalThis.isBefore = true');
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
    const refused = [409, 422].includes(await save(second.page, name, 'second-hand'));
    const told = await second.page.locator('.errors').count();
    await first.page.goto(lango.baseUrl + address);
    seen.push({ address, saved, refused, told, now: await field(first.page, name).inputValue() });
  }
  expect(seen).toEqual(
    editors().map(([address]) => ({ address, saved: 303, refused: true, told: 1, now: 'first-hand' })),
  );
  await Promise.all([first.context.close(), second.context.close()]);
}, 300_000);
