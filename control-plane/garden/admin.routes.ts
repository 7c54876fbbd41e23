import { z } from 'zod';
import { seeOther, type PageRoute } from '../platform/http/page';
import { formPages } from '../ui';
import { changePage } from './change-page';
import { findPage } from './queries';
import { catchAll, payAddress, routerRecipe } from './recipe';

const form = z.object({
  words: z.string().trim().max(600),
  phone: z
    .string()
    .trim()
    .max(40)
    .regex(/^[+\d][\d ()-]{5,}$|^$/),
});

export const pageRoutes: PageRoute[] = formPages({
  slice: 'garden',
  view: 'garden/setup',
  page: '/garden/setup',
  post: '/garden/setup',
  permission: 'routers.write',
  sees: 'routers.read',
  form,
  word: 'wrong',
  told: ['saved'],
  open: ({ ctx }) => findPage(ctx),
  seen: ({ words, phone }) => [words, phone],
  values: ({ words, phone }) => ({ words, phone }),
  draw({ field }, { about: kept, person, web, t }) {
    const address = payAddress(web.publicUrl, kept.slug);
    return {
      title: t('garden.title'),
      mayWrite: person.actor.permissions.has('routers.write'),
      words: field('words', { max: 600, help: t('garden.words_help') }),
      phone: field('phone', { type: 'tel', max: 40, autocomplete: 'off', help: t('garden.phone_help') }),
      kept,
      url: address.url,
      recipe: routerRecipe(address),
      catchAll: catchAll(address),
    };
  },
  async save(given, { ctx }) {
    await changePage(ctx, given);
    return seeOther('/garden/setup?told=saved');
  },
});
