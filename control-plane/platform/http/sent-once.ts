import { createHash } from 'node:crypto';
import type { Context } from '../context';
import { sqlFault } from '../db/faults';
import { once, release } from './idempotency';
import type { PageResult } from './page';
import { conflict } from './problem';
import { Reply } from './route';
import type { Upload } from './upload';

/** The hidden field by which a form is known again: every page gives its forms a fresh one (ui/partials/csrf.hbs). */
export const FORM_MARK = '_once';

interface SentForm {
  /** Where it was sent to. */
  address: string;
  rawBody: unknown;
  file?: Upload | undefined;
}

/**
 * Does what a form asks once, however often it is sent: a second tap on a slow link, a reload of the answer, a browser that tries again.
 * The repeat is led where the first was led. What was refused counts for nothing: the same form may be sent again. A form whose words were
 * changed in between is another one.
 * @throws Problem 409 `sent_already` when the first answer was a page that is shown once, 409 `in_progress` when the first still runs
 */
export async function sentOnce(ctx: Context, form: SentForm, work: () => Promise<PageResult>): Promise<PageResult> {
  const request = requestOf(form);
  if (!request) return work();
  let result: PageResult | undefined;
  let answer: unknown;
  try {
    answer = await once(ctx, request, async () => {
      result = await work();
      if (isRefused(result)) throw REFUSED;
      return result.kind === 'redirect' ? new Reply(303, { to: result.to }) : new Reply(200, null, {}, 'told_once');
    });
  } catch (error) {
    if (error !== REFUSED || !result) throw error;
    await takeBack(ctx, request);
  }
  if (result) return result;
  const { status, body } = answer as Reply;
  if (status === 303) return { kind: 'redirect', to: (body as { to: string }).to, cookies: [] };
  throw conflict(
    'sent_already',
    'This form was sent before, and was done then. Its answer is shown once; load the page again to see how things stand.',
  );
}

/** Thrown past the keeping of an answer: what was refused has none. */
const REFUSED = Symbol('refused');

const isRefused = (result: PageResult): boolean => result.kind === 'view' && result.status >= 400;

/** What a unique index refused has lost the transaction, and the key with it. */
async function takeBack(ctx: Context, request: { key: string }): Promise<void> {
  try {
    await release(ctx, request);
  } catch (error) {
    if (sqlFault(error)?.state !== '25P02') throw error;
  }
}

/** Undefined for a form without a mark: of a program, or of a page that was drawn before there were any. */
function requestOf({ address, rawBody, file }: SentForm) {
  const { [FORM_MARK]: mark, _csrf: _proof, ...fields } = (rawBody ?? {}) as Record<string, unknown>;
  if (typeof mark !== 'string' || !/^[\w-]{16,40}$/.test(mark)) return undefined;
  const words = createHash('sha256').update(JSON.stringify(fields));
  if (file) words.update(file.name).update(file.bytes);
  return { key: `form ${mark} ${words.digest('base64url')}`, route: address, body: null, status: 303 };
}
