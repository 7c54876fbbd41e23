import { z } from 'zod';
import { csvOf } from '../platform/csv';
import { cursorId, listQuery } from '../platform/http/input';
import { file, pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import type { Permission } from '../platform/permissions';
import { pagerOf, readerFor, withQuery } from '../ui';
import { isPlanned, noteWords, rowLine, runModel } from './admin.view';
import { bulkForm, choiceQuery, formModel } from './form';
import { moveRun, type Move } from './move-run';
import { planRun } from './plan-run';
import { planNames, planOf, runList } from './list.routes';
import { findRun, listRows, rowViews, type RowView } from './queries';
import type { Run } from './run';

const runQuery = listQuery.extend({ view: z.enum(rowViews).optional(), refused: z.string().max(40).optional() });

/** The rows that say most of a run as it stands. */
function firstView({ state, refused, kept }: Run): RowView {
  // The page of one that is being planned goes on by itself to the rows of the draft.
  if (state === 'draft' || !isPlanned({ state })) return 'will';
  if (state === 'undoing' || state === 'undone') return kept > 0 ? 'kept' : 'undone';
  return refused > 0 ? 'refused' : 'done';
}

/** A button on the page of a run. */
function moving(what: Move): PageRoute {
  return pageRoute({
    method: 'POST',
    path: `/bulk/:id/${what}` as '/bulk/:id/start',
    // What the run itself asks for beside it is asked where it is moved.
    permission: 'subscriptions.read',
    async run(ctx, { params }) {
      const outcome = await moveRun(ctx, params.id, what);
      if (outcome.kind === 'not_found') throw notFound('That run');
      if (outcome.kind === 'refused') return seeOther(`/bulk/${params.id}?refused=${outcome.state}`);
      return seeOther(what === 'discard' ? '/bulk' : `/bulk/${params.id}`);
    },
  });
}

export const pageRoutes: PageRoute[] = [
  ...runList,
  pageRoute({
    method: 'GET',
    path: '/bulk/new',
    permission: 'subscriptions.write',
    query: choiceQuery,
    async run(ctx, { query }, web, person) {
      // Boxes that were ticked come one by one; a selection of nobody is not a selection of everybody.
      if (web.query['from'] === 'ticks' && !query.clients) return seeOther('/subscribers');
      const values = { ...web.query, ...(query.clients ? { clients: query.clients.join(',') } : {}) };
      return view('bulk/new', await formModel(ctx, values, {}, readerFor(ctx, person), person.actor.permissions));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/bulk',
    permission: 'subscriptions.write',
    form: bulkForm,
    async run(ctx, { form }, web, person) {
      const reader = readerFor(ctx, person);
      const { t } = reader;
      const again = async (values: Record<string, string>, errors: Record<string, string>) =>
        view('bulk/new', await formModel(ctx, values, errors, reader, person.actor.permissions), { status: 422 });
      if (!form.ok) {
        const errors = Object.keys(form.fields).map((field) => [field, t(`bulk.bad_${field.split('.')[0]}`)]);
        return again(form.values, Object.fromEntries(errors) as Record<string, string>);
      }
      const outcome = await planRun(ctx, form.value);
      if (outcome.kind === 'done') return seeOther(`/bulk/${outcome.id}`);
      const values = { ...web.query, action: form.value.action };
      return outcome.kind === 'too_many'
        ? again(values, { state: t('bulk.too_many', { count: outcome.max }) })
        : again(values, { package_id: t('bulk.bad_package_id') });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/bulk/:id',
    permission: 'subscriptions.read',
    query: runQuery,
    async run(ctx, { params, query }, web, person) {
      const reader = readerFor(ctx, person);
      const run = await findRun(ctx, params.id);
      if (!run) throw notFound('That run');
      const names = await planNames(ctx, [run]);
      const shown = query.view ?? firstView(run);
      // What is written of a run that is being planned is not whole.
      const page = isPlanned(run)
        ? await listRows(ctx, run.id, { view: shown, limit: query.limit, after: cursorId(query.cursor) })
        : { items: [], nextCursor: null };
      const search = new URLSearchParams(web.query);
      const may = person.actor.permissions.has(run.permission as Permission);
      const model = runModel(run, planOf(names, run), shown, may, reader);
      return view('bulk/run', {
        ...model,
        live: 'bulk',
        path: withQuery(`/bulk/${run.id}`, search, { view: shown }),
        csv: `/bulk/${run.id}/rows.csv`,
        told: query.refused && { text: reader.t('bulk.refused_move'), warn: true },
        rows: page.items.map((row) => rowLine(run, row, may, reader)),
        pager: pagerOf(
          `/bulk/${run.id}`,
          search,
          { cursor: query.cursor, next: page.nextCursor, limit: query.limit },
          reader,
        ),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/bulk/:id/rows.csv',
    permission: 'subscriptions.read',
    async run(ctx, { params }, _web, person) {
      const reader = readerFor(ctx, person);
      const run = await findRun(ctx, params.id);
      if (!run) throw notFound('That run');
      const { items } = await listRows(ctx, run.id, { limit: 200_000, after: undefined });
      const head = ['row', 'login', 'customer', 'outcome', 'why'];
      const lines = items.map((row) => [
        row.seq,
        row.label,
        typeof row.data['name'] === 'string' ? row.data['name'] : '',
        row.outcome ?? row.fate,
        row.note === null ? '' : noteWords(row.note, reader),
      ]);
      return file(`bulk-${run.id}.csv`, 'text/csv', csvOf(head, lines));
    },
  }),
  moving('start'),
  moving('stop'),
  moving('undo'),
  moving('discard'),
];
