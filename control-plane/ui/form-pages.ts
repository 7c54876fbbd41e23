import type { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, view, type PageInput, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import type { ParamsOf } from '../platform/http/route';
import type { Permission } from '../platform/permissions';
import { fieldsOf, formErrors } from './form';
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
  /** Somebody changed it since the form was opened: 409. What was typed stays, unless `fresh`: then what is there now. */
  | { kind: 'changed'; title?: string; fresh?: boolean };

/** Where a form stands, and how it is drawn there. Forms of one page share it. */
export interface FormView<About = undefined> {
  /** Labels and complaints are words of this slice. */
  slice: string;
  view: string;
  /** What stands in it when nothing has been typed. */
  values?(about: About, call: FormCall<About>): Values;
  /** Other forms stand on the same page: what this one did not send keeps what it has. Otherwise a box that was not sent is not ticked. */
  shared?: boolean;
  /** The page's model; `errors` and `told` are added to it. */
  draw(form: FormState, call: FormCall<About>): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** What `?told=` may say: the word `<slice>.told_<it>`. */
  told?: readonly string[];
  /** What a field wants: the end of the word `<slice>.<field>_…`, `needed` where nothing is said; or the words. */
  word?: string | ((field: string, reader: Reader) => string);
  /** The word for `changed`, where it is not `<slice>.changed_meanwhile`. */
  changed?: string;
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
      const call = await opened(spec, { ctx, params, web, person }, form.values);
      const outcome: PageResult | FormRefusal = form.ok
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
  const model = await drawn(spec, call, spec.values?.(call.about, call) ?? {}, {});
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
      ? (refusal.title ?? call.t(spec.changed ?? `${slice}.changed_meanwhile`))
      : refusal.kind === 'refused'
        ? refusal.title
        : undefined;
  const fresh = spec.values?.(call.about, call) ?? {};
  const values = refusal.kind === 'changed' && refusal.fresh ? fresh : { ...(spec.shared && fresh), ...typed };
  const status = refusal.kind === 'changed' ? 409 : refusal.kind === 'refused' ? (refusal.status ?? 422) : 422;
  const model = await drawn(spec, call, values, errors);
  const summary = title === undefined ? formErrors(errors) : { title, fields: formErrors(errors)?.fields ?? [] };
  return view(spec.view, { ...model, errors: summary }, { status });
}

async function drawn<About>(
  spec: FormView<About>,
  call: FormCall<About>,
  values: Values,
  errors: Values,
): Promise<Record<string, unknown>> {
  return spec.draw({ values, errors, field: fieldsOf(spec.slice, values, errors, call.reader) }, call);
}
