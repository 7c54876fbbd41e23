import { z } from 'zod';
import { seeOther, type PageRoute } from '../platform/http/page';
import { formPages, seenOf } from '../ui';
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
  seen: z.string().max(40).default(''),
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
  values: ({ words, phone }) => ({ words, phone }),
  draw({ field }, { about: kept, person, web, t }) {
    const address = payAddress(web.publicUrl, kept.slug);
    return {
      title: t('garden.title'),
      seen: seenOf(kept.words, kept.phone),
      mayWrite: person.actor.permissions.has('routers.write'),
      words: field('words', { max: 600, help: t('garden.words_help') }),
      phone: field('phone', { type: 'tel', max: 40, autocomplete: 'off', help: t('garden.phone_help') }),
      kept,
      url: address.url,
      recipe: routerRecipe(address),
      catchAll: catchAll(address),
    };
  },
  async save({ seen, ...given }, { ctx, about: kept }) {
    if (seen !== seenOf(kept.words, kept.phone)) return { kind: 'changed' };
    await changePage(ctx, given);
    return seeOther('/garden/setup?told=saved');
  },
});
