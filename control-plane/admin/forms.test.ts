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
  // A colleague who may do everything, and has no second proof yet.
  await lango.asOwner(
    `INSERT INTO staff (tenant_id, role_id, email, name, password_hash, is_super_admin)
     SELECT s.tenant_id, r.id, $2, 'Walker', s.password_hash, true FROM staff s, staff_role r WHERE s.id = $1 AND r.key = 'super_admin' AND r.tenant_id IS NULL`,
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

/** One kind of form, where it was first seen. */
interface Found {
  route: string;
  page: string;
  /** Which of the page's forms. */
  at: number;
}

/** Every form once, by the address that it is sent to. */
async function findForms(page: Page): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  for (const address of addresses()) {
    const answer = await page.goto(lango.baseUrl + address).catch(() => null);
    if (answer?.status() !== 200) continue;
    const actions = await page.$$eval('form[method=post]', (forms) =>
      forms.map((form) => (form as unknown as { getAttribute(name: string): string }).getAttribute('action')),
    );
    for (const [at, action] of actions.entries()) {
      const route = routeOf(action);
      if (route !== undefined && !found.has(route)) found.set(route, { route, page: address, at });
    }
  }
  return found;
}

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
    if (!/^(Error|Kosa|Hitilafu)/.test(document.title)) faults.push(`the title is "${document.title}"`);
    const links = [...document.querySelectorAll('.errors li')];
    if (links.length === 0) faults.push('the summary names no field');
    for (const line of links) {
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

test('bad input is answered the same way by every form there is', async () => {
  const { page, context } = await signedIn(browser, lango, { ...lango.company, ...walker });
  const found = await findForms(page);
  const faults: Record<string, string[]> = {};
  let asked = 0;
  for (const { route, page: address, at } of found.values()) {
    await page.goto(lango.baseUrl + address);
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    answered.catch(() => undefined);
    await page.evaluate('globalThis.isBefore = true');
    const typed = await sendNonsense(page, at);
    if (!typed) continue;
    asked += 1;
    const status = (await answered).status();
    await page.waitForFunction('document.readyState === "complete" && !globalThis.isBefore');
    const wrong = status === 422 ? await faultsOfAnswer(page, typed) : [`answers ${status} at ${page.url()}`];
    if (wrong.length > 0) faults[`POST ${route} from ${address}`] = wrong;
  }
  expect(faults).toEqual({});
  // Every form was looked for where it stands: what nobody finds is a button without a page.
  expect(asked).toBeGreaterThan(30);
  await context.close();
}, 120_000);
