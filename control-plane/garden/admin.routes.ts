import { createHash } from 'node:crypto';
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
  seen: z.string().max(40).default(''),
});

/** What the form was opened on; another change since then shows in it. */
const seenOf = ({ words, phone }: Pick<GardenPage, 'words' | 'phone'>): string =>
  createHash('sha256').update(`${words}\n${phone}`).digest('base64url').slice(0, 16);

async function setupPage(
  ctx: Context,
  web: Web,
  person: Person,
  more: { given?: Partial<GardenPage>; errors?: Record<string, string>; saved?: boolean; changed?: boolean } = {},
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
    errors: more.changed ? { title: t('garden.changed_meanwhile'), fields: [] } : formErrors(errors),
    seen: seenOf(kept),
    mayWrite: person.actor.permissions.has('routers.write'),
    words: field('words', { max: 600, help: t('garden.words_help') }),
    phone: field('phone', { type: 'tel', max: 40, autocomplete: 'off', help: t('garden.phone_help') }),
    kept,
    url: address.url,
    recipe: routerRecipe(address),
    catchAll: catchAll(address),
  };
  if (more.changed) return view('garden/setup', model, { status: 409 });
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
      const { seen, ...given } = input.form.value;
      if (seen !== seenOf(await findPage(ctx))) return setupPage(ctx, web, person, { given, changed: true });
      await changePage(ctx, given);
      return seeOther('/garden/setup?saved=yes');
    },
  }),
];
