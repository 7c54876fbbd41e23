import type { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, view, type PageInput, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import type { ParamsOf } from '../platform/http/route';
import type { Permission } from '../platform/permissions';
import { fieldsOf, formErrors, seenOf, type FormField } from './form';
import { readerFor, type Reader } from './reader';

type Values = Record<string, string>;

/** Who asks for a form or sends it, and what it is about. */
export interface FormCall<About> {
  ctx: Context;
  person: Person;
  web: Web;
  reader: Reader;
  t: Reader['t'];
  about: About;
}
type Opening<P extends string> = Omit<FormCall<unknown>, 'about'> & { params: ParamsOf<P> };

/** A form as it is drawn: what stands in its fields and what is wrong with them. */
export interface FormState {
  values: Values;
  errors: Values;
  /** Its fields, with both. */
  field: ReturnType<typeof fieldsOf>;
}

/** Why a form was not done. All but `changed` are 422 unless they say otherwise; nothing was written. */
export type FormRefusal =
  /** These fields are wrong; what each wants is the word `<slice>.<field>_<needed>`, or what `word` says. */
  | { kind: 'wrong'; fields: readonly string[] }
  /** What is wrong, in the reader's words, by field; or of the whole form (`title`). */
  | { kind: 'refused'; errors?: Values; title?: string; status?: number }
  /** Somebody changed it since the form was opened: 409. What was typed stays, and beside each field that says something else now stands what. */
  | { kind: 'changed' };

/** Where a form stands, and how it is drawn there. Forms of one page share it. */
export interface FormView<About = undefined> {
  /** Labels and complaints are words of this slice. */
  slice: string;
  view: string;
  /** What stands in it when nothing has been typed. */
  values?(about: About, call: FormCall<About>): Values;
  /**
   * Of a form that changes what is there: all that it was filled from. It goes out as the model's `seen`, for the hidden field of that name; when it comes back
   * and this says something else, the answer is `changed` and nothing is saved. A program that sends none takes what is there.
   */
  seen?(about: About): readonly unknown[];
  /** Other forms stand on the same page: what this one did not send keeps what it has. Otherwise a box that was not sent is not ticked. */
  shared?: boolean;
  /** The page's model; `errors` and `told` are added to it. */
  draw(form: FormState, call: FormCall<About>): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** What `?told=` may say: the word `<slice>.told_<it>`. */
  told?: readonly string[];
  /** What a field wants: the end of the word `<slice>.<field>_…`, `needed` where nothing is said; or the words. */
  word?: string | ((field: string, reader: Reader) => string);
}

interface FormPages<P extends string, F extends z.ZodType, About, B> extends FormView<About> {
  /** The page that holds the form; left out for the second form of a page. It may name `:id` where `post` does. */
  page?: string;
  /** Where it is sent to. */
  post: P;
  /** Of who may send it, and see it where `sees` does not say otherwise. */
  permission: Permission | 'signed_in';
  sees?: Permission | 'signed_in';
  form: F;
  /** What the form is about; `typed` is the query of the page, or the words of the form. Throws 404. */
  open?(call: Opening<P>, typed: Values): Promise<About> | About;
  /** What takes long and must hold no transaction (page.ts). */
  before?: (input: PageInput<P, undefined, F>, web: Web) => Promise<B>;
  /** Does it: the page to go to, or why not. `typed` is what was typed, letter by letter. */
  save(
    value: z.output<F>,
    call: FormCall<About> & { params: ParamsOf<P>; typed: Values; before: B },
  ): Promise<PageResult | FormRefusal> | PageResult | FormRefusal;
}

/**
 * A form of the console: its page and what is done when it is sent. Every form answers alike: done once and then another page (303); refused with 422, the summary
 * on top, the same words at each field and what was typed; 409 when somebody changed it meanwhile.
 */
export function formPages<const P extends string, F extends z.ZodType, About = undefined, B = undefined>(
  spec: FormPages<P, F, About, B>,
): PageRoute[] {
  const post = pageRoute({
    method: 'POST',
    path: spec.post,
    permission: spec.permission,
    form: spec.form,
    ...(spec.before ? { before: spec.before } : {}),
    async run(ctx, { params, form: given }, web, person, before) {
      const form = given as NonNullable<typeof given>;
      if (spec.seen) await inTurn(ctx, web.path);
      const call = await opened(spec, { ctx, params, web, person }, form.values);
      const outcome: PageResult | FormRefusal = isStale(spec, call.about, form.values)
        ? { kind: 'changed' }
        : form.ok
          ? await spec.save(form.value as z.output<F>, { ...call, typed: form.values, before })
          : notTyped(Object.keys(form.fields));
      return isRefusal(outcome) ? formAgain(spec, call, form.values, outcome) : outcome;
    },
  });
  if (spec.page === undefined) return [post];
  const page = pageRoute({
    method: 'GET',
    path: spec.page as P,
    permission: spec.sees ?? spec.permission,
    async run(ctx, { params }, web, person) {
      return formPage(spec, await opened(spec, { ctx, params, web, person }, web.query));
    },
  });
  return [page, post];
}

async function opened<P extends string, About>(
  spec: { open?(call: Opening<P>, typed: Values): Promise<About> | About },
  asked: { ctx: Context; params: ParamsOf<P>; web: Web; person: Person },
  typed: Values,
): Promise<Opening<P> & { about: About }> {
  const reader = readerFor(asked.ctx, asked.person);
  const call = { ...asked, reader, t: reader.t };
  return { ...call, about: (await spec.open?.(call, typed)) as About };
}

/** Who sends the same form at the same moment waits, and is then told of the other. */
async function inTurn({ tx, tenantId }: Context, path: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`form ${path}`}, ${tenantId}::bigint))`;
}

const isStale = <About>(spec: FormView<About>, about: About, typed: Values): boolean =>
  spec.seen !== undefined && typed['seen'] !== undefined && typed['seen'] !== seenOf(...spec.seen(about));

/** What a form was opened on comes back unseen: when that is not what we wrote, the form is no longer true, and no field is to blame. */
function notTyped(wrong: string[]): FormRefusal {
  const fields = wrong.filter((name) => name !== 'seen' && name !== 'version');
  return fields.length > 0 ? { kind: 'wrong', fields } : { kind: 'changed' };
}

const refusals = new Set(['wrong', 'refused', 'changed']);
const isRefusal = (outcome: PageResult | FormRefusal): outcome is FormRefusal => refusals.has(outcome.kind);

/** The form as it stands before anything is typed. */
async function formPage<About>(spec: FormView<About>, call: FormCall<About>): Promise<PageResult> {
  const told = spec.told?.find((one) => one === call.web.query['told']);
  const { model } = await drawn(spec, call, spec.values?.(call.about, call) ?? {}, {});
  return view(spec.view, { ...(told && { told: { text: call.t(`${spec.slice}.told_${told}`) } }), ...model });
}

/** The form once more, with why it was refused. */
async function formAgain<About>(
  spec: FormView<About>,
  call: FormCall<About>,
  typed: Values,
  refusal: FormRefusal,
): Promise<PageResult> {
  const { slice, word = 'needed' } = spec;
  const wanted = (field: string): string =>
    typeof word === 'string' ? call.t(`${slice}.${field}_${word}`) : word(field, call.reader);
  const errors =
    refusal.kind === 'wrong'
      ? Object.fromEntries(refusal.fields.map((field) => [field, wanted(field)]))
      : refusal.kind === 'refused'
        ? (refusal.errors ?? {})
        : {};
  const title =
    refusal.kind === 'changed'
      ? call.t('ui.changed_meanwhile')
      : refusal.kind === 'refused'
        ? refusal.title
        : undefined;
  const there = spec.values?.(call.about, call) ?? {};
  const values = { ...(spec.shared && there), ...typed };
  const status = refusal.kind === 'changed' ? 409 : refusal.kind === 'refused' ? (refusal.status ?? 422) : 422;
  const now = refusal.kind === 'changed' ? there : {};
  const { model, said } = await drawn(spec, call, values, errors, now);
  const summary = title === undefined ? formErrors(said) : { title, fields: formErrors(said)?.fields ?? [] };
  return view(spec.view, { ...model, errors: summary }, { status });
}

/** What stands beside a field that somebody else has changed meanwhile. */
export const nowSays = (value: string, { t }: Reader): string =>
  value === '' ? t('ui.now_empty') : t('ui.now_says', { value: value.slice(0, 80) });

interface Drawn {
  model: Record<string, unknown>;
  /** What stands beside the fields: the errors, and what somebody else has put there. */
  said: Values;
}

/** The model of a form; `now` are the values that are there, where they may be others than those that are shown. */
async function drawn<About>(
  spec: FormView<About>,
  call: FormCall<About>,
  values: Values,
  errors: Values,
  now: Values = {},
): Promise<Drawn> {
  const said = { ...errors };
  const plain = fieldsOf(spec.slice, values, errors, call.reader);
  const field = (name: string, more: Partial<FormField> = {}): FormField => {
    const made = plain(name, more);
    const other = now[name];
    if (other === undefined || other === (values[name] ?? '') || made.type === 'password') return made;
    const word = made.options?.find((one) => one.value === other)?.label ?? other;
    return { ...made, error: (said[name] = nowSays(word, call.reader)) };
  };
  const model = await spec.draw({ values, errors, field }, call);
  return { model: spec.seen ? { seen: seenOf(...spec.seen(call.about)), ...model } : model, said };
}
