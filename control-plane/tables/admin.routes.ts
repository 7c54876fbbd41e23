import { z } from 'zod';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute } from '../platform/http/page';
import { invalid, notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, readerFor, type Reader } from '../ui';
import { chooseColumns } from './choose-columns';
import { removeView } from './remove-view';
import { saveView } from './save-view';

const list = z.string().regex(/^[a-z-]{1,40}$/);
/** Back to the list, with its filter; a form must never send people elsewhere. */
const back = z
  .string()
  .max(2000)
  .regex(/^\/(?![/\\])[^\\]*$/);
const viewForm = z.object({
  list,
  back,
  name: z.string().trim().min(1).max(60),
  query: z.string().max(1000),
  shared: z.literal('on').optional(),
});

/** The filter alone: where one stood in the list is no part of a view. */
function filterOf(query: string): string {
  const kept = new URLSearchParams(query);
  kept.delete('cursor');
  return kept.toString();
}

/** The form to save a view, as a page of its own: the list that it was sent from is another slice's. */
function viewAgain(values: Record<string, string>, fault: string, reader: Reader): PageResult {
  // What no person typed: a form that was not ours.
  const from = viewForm.pick({ list: true, back: true, query: true }).safeParse(values);
  if (!from.success) throw invalid({ list: 'is not a list of the console' });
  const faults = { name: fault };
  const { t } = reader;
  const name = fieldsOf(
    'tables',
    values,
    faults,
    reader,
  )('name', {
    help: t('tables.view_name_help'),
    required: true,
    autocomplete: 'off',
    max: 60,
  });
  const model = { title: t('tables.view_save'), errors: formErrors(faults), name, shared: values['shared'] === 'on' };
  return view('tables/view', { ...model, ...from.data }, { status: 422 });
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'POST',
    path: '/tables/columns',
    permission: 'signed_in',
    // One checkbox a column: c_plan=on.
    form: z.object({ list, back, reset: z.string().optional() }).catchall(z.string().max(10)),
    async run(ctx, { form }, _web, person) {
      if (!form.ok) throw invalid(form.fields);
      const { value } = form;
      const columns = Object.keys(value).flatMap((name) => /^c_([a-z_]{1,40})$/.exec(name)?.[1] ?? []);
      await chooseColumns(ctx, {
        staff_id: person.staffId,
        list: value.list,
        columns: value.reset ? [] : columns.slice(0, 40),
      });
      return seeOther(value.back);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tables/views',
    permission: 'signed_in',
    form: viewForm,
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      if (!form.ok) return viewAgain(form.values, t('tables.name_needed'), reader);
      const { name, query, shared } = form.value;
      const outcome = await saveView(ctx, {
        staff_id: person.staffId,
        list: form.value.list,
        name,
        query: filterOf(query),
        shared: shared === 'on',
      });
      if (outcome.kind === 'too_many')
        return viewAgain({ ...form.value, shared: shared ?? '' }, t('tables.too_many', { most: outcome.most }), reader);
      return seeOther(form.value.back);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tables/views/:id/remove',
    permission: 'signed_in',
    form: z.object({ back }),
    async run(ctx, { params, form }, _web, person) {
      if ((await removeView(ctx, { staff_id: person.staffId, id: params.id })) === 'not_found')
        throw notFound('That view');
      return seeOther(form.ok ? form.value.back : '/');
    },
  }),
];
