import { z } from 'zod';
import { pageRoute, seeOther } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { invalid, notFound } from '../platform/http/problem';
import { formPages } from '../ui';
import { chooseColumns } from './choose-columns';
import { removeView } from './remove-view';
import { saveView } from './save-view';

const listName = z.string().regex(/^[a-z-]{1,40}$/);
/** Back to the list, with its filter; a form must never send people elsewhere. */
const backPath = z
  .string()
  .max(2000)
  .regex(/^\/(?![/\\])[^\\]*$/);
const viewForm = z.object({
  list: listName,
  back: backPath,
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

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'POST',
    path: '/tables/columns',
    permission: 'signed_in',
    // One checkbox a column: c_plan=on.
    form: z.object({ list: listName, back: backPath, reset: z.string().optional() }).catchall(z.string().max(10)),
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
  // Sent from a list, which is another slice's: what is wrong is said on a page of its own.
  ...formPages({
    slice: 'tables',
    view: 'tables/view',
    post: '/tables/views',
    permission: 'signed_in',
    form: viewForm,
    open(_call, typed) {
      // What no person typed: a form that was not ours.
      const from = viewForm.pick({ list: true, back: true, query: true }).safeParse(typed);
      if (!from.success) throw invalid({ list: 'is not a list of the console' });
      return from.data;
    },
    draw: ({ values, field }, { about, t }) => ({
      ...about,
      title: t('tables.view_save'),
      name: field('name', { help: t('tables.view_name_help'), required: true, autocomplete: 'off', max: 60 }),
      shared: values['shared'] === 'on',
    }),
    async save({ list, back, name, query, shared }, { ctx, person, t }) {
      const outcome = await saveView(ctx, {
        staff_id: person.staffId,
        list,
        name,
        query: filterOf(query),
        shared: shared === 'on',
      });
      if (outcome.kind === 'too_many')
        return { kind: 'refused', errors: { name: t('tables.too_many', { most: outcome.most }) } };
      return seeOther(back);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tables/views/:id/remove',
    permission: 'signed_in',
    form: z.object({ back: backPath }),
    async run(ctx, { params, form }, _web, person) {
      if ((await removeView(ctx, { staff_id: person.staffId, id: params.id })) === 'not_found')
        throw notFound('That view');
      return seeOther(form.ok ? form.value.back : '/');
    },
  }),
];
