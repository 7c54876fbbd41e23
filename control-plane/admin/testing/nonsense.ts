import type { Page } from 'playwright-core';

/**
 * What is typed into a form that it cannot take: `wrong` empties what is required and puts letters where figures belong, `long` writes thousands of letters
 * into every text, `stale` sends a form that was opened before somebody else saved it.
 */
export type Way = 'wrong' | 'long' | 'stale';

interface Control {
  name: string;
  value: string;
}

/** A form of the page as a person meets it. */
export interface FormShape {
  /** Where it is sent to. */
  action: string;
  /** It shows a text that somebody could have changed meanwhile. */
  filled: boolean;
  /** It carries what it was opened on. */
  carries: boolean;
}

/** The forms of a page that are sent by POST, in their order. */
export function formsOf(page: Page): Promise<FormShape[]> {
  return page.$$eval('form[method=post]', (forms) => {
    type Field = { name: string; type: string; defaultValue: string; readOnly: boolean; hidden: boolean };
    type Form = { getAttribute(name: string): string; elements: Iterable<Field> };
    return (forms as unknown as Form[]).map((form) => {
      const fields = [...form.elements];
      return {
        action: form.getAttribute('action'),
        filled: fields.some(
          ({ name, type, defaultValue, readOnly, hidden }) =>
            name && !readOnly && !hidden && ['text', 'tel', 'email', 'textarea', 'date'].includes(type) && defaultValue,
        ),
        carries: fields.some(({ name, type }) => type === 'hidden' && (name === 'seen' || name === 'version')),
      };
    });
  });
}

/** Fills a page's form with what it cannot take and sends it, past the browser's own checks. Gives what was typed; undefined where nothing can be wrong in that way. */
async function sendNonsense(page: Page, at: number, way: Way): Promise<Control[] | undefined> {
  return page.evaluate(
    ([place, how]) => {
      type Field = {
        name: string;
        type: string;
        autocomplete: string;
        value: string;
        required: boolean;
        inputMode: string;
        readOnly: boolean;
        hidden: boolean;
        closest(selector: string): unknown;
      };
      type Form = { elements: Iterable<Field>; noValidate: boolean; requestSubmit(): void };
      const form = (
        globalThis as unknown as { document: { querySelectorAll(s: string): Form[] } }
      ).document.querySelectorAll('form[method=post]')[place] as Form;
      const all = [...form.elements];
      const texts = all.filter(
        (field) =>
          field.name &&
          !field.readOnly &&
          !field.hidden &&
          // What nobody sees is filled in by programs alone.
          !field.closest('[aria-hidden=true]') &&
          ['text', 'tel', 'email', 'search', 'textarea', 'password', 'file', 'date', 'datetime-local'].includes(
            field.type,
          ),
      );
      const figures = (field: Field) => ['numeric', 'decimal', 'tel'].includes(field.inputMode);
      let wrong = 0;
      const days = new Set<string>();
      const put = (field: Field, value: string) => {
        field.value = value;
        wrong += 1;
      };
      for (const field of texts) {
        // A field of days takes no letters, whatever writes them: it is made one of letters first.
        if (field.type === 'date' || field.type === 'datetime-local') {
          field.type = 'text';
          days.add(field.name);
        }
        if (field.type === 'file') wrong += how === 'wrong' ? 1 : 0;
        else if (how === 'long') {
          if (field.type !== 'password') put(field, 'x'.repeat(5_000));
        } else if (how === 'wrong') {
          if (field.required) put(field, figures(field) ? 'x y' : '');
          else if (figures(field) && field.inputMode !== 'tel') put(field, 'x y');
          else if (field.type !== 'password' && field.value === '') field.value = 'Kept 7';
        }
      }
      if (how === 'stale')
        for (const field of all)
          if (field.type === 'hidden' && field.name === 'seen') put(field, 'somebody-elses-1');
          else if (field.type === 'hidden' && field.name === 'version') put(field, '7654321');
      if (wrong === 0) return undefined;
      const typed = texts
        // Neither a secret nor a code of the moment is shown again, and no field of days can show what is none.
        .filter(
          ({ name, type, autocomplete }) =>
            !days.has(name) && type !== 'password' && type !== 'file' && autocomplete !== 'one-time-code',
        )
        .map(({ name, value }) => ({ name, value }));
      form.noValidate = true;
      form.requestSubmit();
      return typed;
    },
    [at, way] as const,
  );
}

/** What the answer to nonsense lacks, on a page in Swahili. */
async function faultsOfAnswer(page: Page, typed: Control[], way: Way): Promise<string[]> {
  return page.evaluate(
    ([kept, how]) => {
      type Node = {
        textContent: string;
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
      const lines = [...document.querySelectorAll('.errors li')];
      if (lines.length === 0 && how !== 'stale') faults.push('the summary names no field');
      for (const line of lines) {
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
      const short = (text: string | undefined) =>
        text !== undefined && text.length > 40 ? `${text.length} signs` : text;
      for (const { name, value } of kept) {
        const fields = [...document.querySelectorAll(`:is(.page form, main form) [name="${name}"]`)];
        if (!fields.some((field) => field.value === value))
          faults.push(
            `"${short(value)}" in ${name} was not kept: ${fields.map((field) => `"${short(field.value)}"`).join() || 'no such field'}`,
          );
      }
      return faults;
    },
    [typed, way] as const,
  );
}

/** Marks a page, so that `loaded` can tell the one that takes its place. */
export const mark = (page: Page): Promise<unknown> => page.evaluate('globalThis.isBefore = true');
export const loaded = (page: Page): Promise<unknown> =>
  // A function, for words that are asked twice fall to the policy against eval.
  page.waitForFunction(() => {
    const { document, isBefore } = globalThis as unknown as { document: { readyState: string }; isBefore?: boolean };
    return document.readyState === 'complete' && !isBefore;
  });

/** What is wrong with the answer to nonsense in one of the page's forms; undefined where nothing can be wrong in it in that way. */
export async function answerToNonsense(page: Page, at: number, way: Way): Promise<string[] | undefined> {
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  answered.catch(() => undefined);
  await mark(page);
  const typed = await sendNonsense(page, at, way);
  if (!typed) return undefined;
  const status = (await answered).status();
  await loaded(page);
  const wanted = way === 'stale' ? 409 : 422;
  return status === wanted ? faultsOfAnswer(page, typed, way) : [`answers ${status} at ${page.url()}`];
}
