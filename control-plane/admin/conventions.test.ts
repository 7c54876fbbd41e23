import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { furnish } from '../test-kit/furnish';
import { startTestLango, type TestLango } from '../test-kit/lango';
import { openBrowser, signedIn } from './testing/browser';
import { pageAddresses } from './testing/addresses';
import { addWalker } from './testing/walker';

/** What every page of the console keeps to and no other test asks of all of them: docs/reference/ui.md says which test holds which convention. */
const root = join(__dirname, '..');
const templates = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.hbs'));
const scripts = readdirSync(join(root, 'ui'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.js'),
);

let lango: TestLango;
let browser: Browser;
let addresses: string[];
let walker: { email: string; password: string };

beforeAll(async () => {
  lango = await startTestLango();
  const ids = await furnish(lango, lango.company);
  walker = await addWalker(lango, 'en');
  addresses = pageAddresses(ids);
  browser = await openBrowser();
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await lango?.stop();
});

/** Walks every page there is and gathers what `look` finds on each. */
async function onEveryPage(width: number, look: (page: Page) => Promise<string[]>): Promise<Record<string, string[]>> {
  const { page, context } = await signedIn(browser, lango, walker, { viewport: { width, height: 800 } });
  const faults: Record<string, string[]> = {};
  let seen = 0;
  for (const address of addresses) {
    if ((await page.goto(lango.baseUrl + address).catch(() => null))?.status() !== 200) continue;
    seen += 1;
    const found = await look(page);
    if (found.length > 0) faults[address] = found;
  }
  expect(seen).toBeGreaterThan(80);
  await context.close();
  return faults;
}

test('nothing is said by a tooltip alone, pasting is never forbidden, and no harmless act asks whether one is sure', () => {
  const faults = templates.flatMap((name) => {
    const text = readFileSync(join(root, name), 'utf8');
    // A frame is named by its title; people do not read it.
    return /<(?!iframe)[a-z]+\b[^>]*\stitle="/.test(text) ? [`${name} has a title attribute`] : [];
  });
  for (const name of scripts)
    if (/\b(confirm|alert|prompt)\(|onpaste|['"]paste['"]/.test(readFileSync(join(root, 'ui', name), 'utf8')))
      faults.push(`${name} asks in a window of the browser, or listens to pasting`);
  expect(faults).toEqual([]);
  expect(templates.length).toBeGreaterThan(100);
});

test('on a phone the act of a page is 44 px high and every other target 24 px, or stands clear of the next', async () => {
  const faults = await onEveryPage(360, (page) =>
    page.evaluate(() => {
      type Box = { x: number; y: number; width: number; height: number };
      type Node = {
        textContent: string;
        className: string;
        tagName: string;
        getBoundingClientRect(): Box;
        checkVisibility(o: object): boolean;
        matches(s: string): boolean;
        closest(s: string): Node | null;
      };
      const { document } = globalThis as unknown as { document: { querySelectorAll(s: string): Iterable<Node> } };
      const named = (one: Node) => `${one.tagName.toLowerCase()} "${one.textContent.trim().slice(0, 30)}"`;
      const usable = [
        ...document.querySelectorAll('a[href], button, summary, select, textarea, input:not([type=hidden])'),
      ]
        .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
        .map((one) => ({ one, box: one.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && box.height > 0);
      const found: string[] = [];
      for (const { one, box } of usable) {
        if (one.matches('.is-action') && box.height < 44) found.push(`${named(one)} is ${box.height} px high`);
        // A link inside a sentence is exempt, and a box is as large as the label that it stands in.
        if (one.closest('p, dd, dt, li, .consequence, .skip') || one.closest('label')) continue;
        if (box.width >= 24 && box.height >= 24) continue;
        // What is always on the screen lies beside everything at some moment of scrolling.
        if (one.closest('.rail, .topbar')) continue;
        // Smaller ones pass when a circle of 24 px about their middle meets no other target.
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const near = usable.find(
          ({ one: other, box: its }) =>
            other !== one &&
            !other.closest('.rail, .topbar') &&
            Math.max(its.x - x, 0, x - its.x - its.width) < 12 &&
            Math.max(its.y - y, 0, y - its.y - its.height) < 12,
        );
        if (near)
          found.push(
            `${named(one)} is ${Math.round(box.width)} × ${Math.round(box.height)} px, beside ${named(near.one)}`,
          );
      }
      return found;
    }),
  );
  expect(faults).toEqual({});
}, 600_000);

test('in a table the head stays in sight, the first column leads to the thing, and figures stand right in figures of one width', async () => {
  const faults = await onEveryPage(1280, (page) =>
    page.evaluate(() => {
      type Node = {
        textContent: string;
        querySelector(s: string): Node | null;
        querySelectorAll(s: string): Iterable<Node>;
        getBoundingClientRect(): { width: number };
      };
      type Style = { position: string; textAlign: string; fontVariantNumeric: string };
      const { document, getComputedStyle } = globalThis as unknown as {
        document: Node;
        getComputedStyle: (this: void, node: Node) => Style;
      };
      const found: string[] = [];
      for (const table of document.querySelectorAll('table.table')) {
        // Below this width its rows are cards.
        if (table.getBoundingClientRect().width < 768) continue;
        const head = table.querySelector('thead th');
        if (head && getComputedStyle(head).position !== 'sticky') found.push('the head of the table does not stay');
        for (const cell of table.querySelectorAll('tbody td.num, thead th.num')) {
          const { textAlign, fontVariantNumeric } = getComputedStyle(cell);
          if (!/right|end/.test(textAlign)) found.push(`"${cell.textContent.trim()}" stands ${textAlign}`);
          if (!fontVariantNumeric.includes('tabular'))
            found.push(`"${cell.textContent.trim()}" has figures of many widths`);
        }
      }
      return found;
    }),
  );
  expect(faults).toEqual({});
}, 600_000);
