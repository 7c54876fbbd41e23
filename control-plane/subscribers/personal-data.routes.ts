import { z } from 'zod';
import { file, pageRoute, seeOther, view } from '../platform/http/page';
import type { PageRoute, PageResult } from '../platform/http/page';
import type { Context } from '../platform/context';
import type { Person } from '../platform/http/person';
import { conflict, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { fieldsOf, formErrors, readerFor } from '../ui';
import { eraseSubscriber } from './erase-subscriber';
import { asJson, personalData } from './personal-data';

/** Typed by hand, because nothing brings it back. */
const confirmation = z.object({ confirm: z.string().trim().max(120) });

async function page(
  ctx: Context,
  id: bigint,
  person: Person,
  values: Record<string, string>,
  error?: string,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const [found] = await ctx.tx.$queryRaw<{ name: string; erased_at: Date | null; deleted_at: Date | null }[]>`
    SELECT name, erased_at, deleted_at FROM subscriber WHERE id = ${id} AND NOT is_guests`;
  if (!found) throw notFound('That customer');
  const errors: Record<string, string> = error === undefined ? {} : { confirm: error };
  const field = fieldsOf('subscribers', values, errors, reader);
  const model = {
    title: reader.t('subscribers.data_title', { name: found.name }),
    id: id.toString(),
    name: found.name,
    back: found.deleted_at === null ? `/subscribers/${id}` : '',
    erased: found.erased_at !== null,
    mayErase: person.actor.permissions.has('subscribers.erase') && found.erased_at === null,
    errors: formErrors(errors),
    confirm: field('confirm', {
      required: true,
      autocomplete: 'off',
      max: 120,
      help: reader.t('subscribers.confirm_help', { name: found.name }),
    }),
  };
  return view('subscribers/data', model, error === undefined ? {} : { status: 422 });
}

/** What is held on one person: shown to them when they ask, and erased when they ask for that. */
export const personalDataPages: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/subscribers/:id/data',
    permission: 'subscribers.remove',
    run: (ctx, { params }, _web, person) => page(ctx, params.id, person, {}),
  }),
  pageRoute({
    method: 'GET',
    path: '/subscribers/:id/data.json',
    permission: 'subscribers.remove',
    async run(ctx, { params }) {
      const data = await personalData(ctx, params.id);
      if (!data) throw notFound('That customer');
      return file(`person-${params.id}.json`, 'application/json', asJson(data));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/subscribers/:id/erase',
    permission: 'subscribers.erase',
    form: confirmation,
    async run(ctx, { params, form }, _web, person) {
      const { t } = readerFor(ctx, person);
      const [found] = await ctx.tx.$queryRaw<{ name: string }[]>`SELECT name FROM subscriber WHERE id = ${params.id}`;
      if (!found) throw notFound('That customer');
      const typed = form.ok ? form.value.confirm : '';
      if (typed.toLowerCase() !== found.name.trim().toLowerCase())
        return page(
          ctx,
          params.id,
          person,
          { confirm: form.values['confirm'] ?? '' },
          t('subscribers.confirm_wrong', { name: found.name }),
        );
      const outcome = await eraseSubscriber(ctx, params.id);
      if (outcome.kind === 'not_found') throw notFound('That customer');
      if (outcome.kind === 'cutting')
        return view('subscribers/cutting', {
          title: t('subscribers.cutting_title'),
          again: `/subscribers/${params.id}/data`,
        });
      return seeOther(`/subscribers/${params.id}/data`);
    },
  }),
];

export const personalDataRoutes = [
  route({
    method: 'GET',
    path: '/clients/:id/data',
    permission: 'subscribers.remove',
    summary: 'Give everything that is held on a client',
    answer: z.looseObject({ made_at: z.string(), person: z.looseObject({}) }),
    run: async (ctx, { params }) => {
      const data = await personalData(ctx, params.id);
      if (!data) throw notFound('This client');
      return JSON.parse(asJson(data)) as unknown;
    },
  }),
  route({
    method: 'POST',
    path: '/clients/:id/erase',
    permission: 'subscribers.erase',
    summary: 'Erase a client for good: service ends, what names them is replaced, the books stay',
    status: 200,
    answer: z.object({ erased: z.record(z.string(), z.int()) }),
    run: async (ctx, { params }) => {
      const outcome = await eraseSubscriber(ctx, params.id);
      switch (outcome.kind) {
        case 'done':
          return { erased: outcome.erased };
        case 'not_found':
          throw notFound('This client');
        case 'already':
          throw conflict('already_erased', 'This client has been erased. Nothing that names them is left.');
        case 'cutting':
          throw conflict(
            'is_online',
            'They are online. Remove the client (DELETE), wait until the session is cut, and erase then.',
          );
      }
    },
  }),
];
