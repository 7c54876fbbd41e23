import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { fieldsOf, formErrors, readerFor } from '../ui';
import { changePage } from './change-page';
import { findPage, type GardenPage } from './queries';
import { catchAll, payAddress, routerRecipe } from './recipe';

const form = z.object({
  words: z.string().trim().max(600),
  phone: z
    .string()
    .trim()
    .max(40)
    .regex(/^[+\d][\d ()-]{5,}$|^$/),
});

async function setupPage(
  ctx: Context,
  web: Web,
  person: Person,
  more: { given?: Partial<GardenPage>; errors?: Record<string, string>; saved?: boolean } = {},
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const kept = await findPage(ctx);
  const address = payAddress(web.publicUrl, kept.slug);
  const errors = more.errors ?? {};
  const field = fieldsOf('garden', { ...kept, ...more.given }, errors, reader);
  const model = {
    title: t('garden.title'),
    told: more.saved && { text: t('garden.saved') },
    errors: formErrors(errors),
    mayWrite: person.actor.permissions.has('routers.write'),
    words: field('words', { max: 600, help: t('garden.words_help') }),
    phone: field('phone', { type: 'tel', max: 40, autocomplete: 'off', help: t('garden.phone_help') }),
    kept,
    url: address.url,
    recipe: routerRecipe(address),
    catchAll: catchAll(address),
  };
  return view('garden/setup', model, Object.keys(errors).length > 0 ? { status: 422 } : {});
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/garden/setup',
    permission: 'routers.read',
    query: z.object({ saved: z.string().max(5).optional() }),
    run: (ctx, { query }, web, person) => setupPage(ctx, web, person, { saved: query.saved !== undefined }),
  }),
  pageRoute({
    method: 'POST',
    path: '/garden/setup',
    permission: 'routers.write',
    form,
    async run(ctx, input, web, person) {
      if (!input.form.ok) {
        const { t } = readerFor(ctx, person);
        const errors = Object.keys(input.form.fields).map((name) => [name, t(`garden.${name}_wrong`)] as const);
        return setupPage(ctx, web, person, { given: input.form.values, errors: Object.fromEntries(errors) });
      }
      await changePage(ctx, input.form.value);
      return seeOther('/garden/setup?saved=yes');
    },
  }),
];
