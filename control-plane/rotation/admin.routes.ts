import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formPages, readerFor } from '../ui';
import { printRun } from './page.view';
import { findSubject, listRuns, type Subject } from './queries';
import { changeEveryDays, EVERY_DAYS, findEveryDays } from './settings';
import { startRotation } from './start-rotation';

/** @throws Problem 404 */
async function subjectOf(ctx: Context, routerId: bigint): Promise<Subject> {
  const found = await findSubject(ctx, routerId);
  if (!found) throw notFound('That router');
  return found;
}

async function runsModel(ctx: Context, routerId: bigint, person: Person) {
  const reader = readerFor(ctx, person);
  const [run, ...earlier] = (await listRuns(ctx, routerId)).map((one) => printRun(one, reader));
  return { id: String(routerId), run, earlier };
}

const routerPages = formPages({
  slice: 'rotation',
  view: 'rotation/router',
  page: '/routers/:id/rotation',
  post: '/routers/:id/rotation',
  permission: 'rotation.write',
  sees: 'rotation.read',
  form: z.object({}),
  open: ({ ctx, params }) => subjectOf(ctx, params.id),
  async draw(_form, { ctx, person, t, about }) {
    const progress = await runsModel(ctx, BigInt(about.router_id), person);
    const days = await findEveryDays(ctx);
    return {
      title: t('rotation.of', { router: about.router }),
      live: 'router',
      row: about,
      schedule: days === null ? t('rotation.never') : t('rotation.every', { days: String(days) }),
      maySet: person.actor.permissions.has('rotation.settings'),
      mayStart: person.actor.permissions.has('rotation.write') && about.has_api && !about.certificate,
      underWay: progress.run?.underWay,
      stuck: progress.run?.underWay && progress.run.fault !== null,
      why: about.certificate ? t('rotation.refused_certificate') : about.has_api ? '' : t('rotation.refused_no_api'),
      progress,
    };
  },
  async save(_value, { ctx, params, t }) {
    const outcome = await startRotation(ctx, params.id);
    if (outcome.kind === 'started' || outcome.kind === 'retried')
      return seeOther(`/routers/${params.id}/rotation#progress`);
    if (outcome.kind === 'not_found') throw notFound('That router');
    return { kind: 'refused', title: t(`rotation.refused_${outcome.kind}`), status: 409 };
  },
});

const days = z
  .string()
  .trim()
  .refine((text) => text === '' || (/^\d{1,4}$/.test(text) && inBounds(Number(text))))
  .transform((text) => (text === '' ? null : Number(text)));

function inBounds(number: number): boolean {
  return number >= EVERY_DAYS.least && number <= EVERY_DAYS.most;
}

export const pageRoutes: PageRoute[] = [
  ...routerPages,
  pageRoute({
    method: 'GET',
    path: '/routers/:id/rotation/progress',
    permission: 'rotation.read',
    async run(ctx, { params }, _web, person) {
      await subjectOf(ctx, params.id);
      return view('rotation/progress', { layout: null, progress: await runsModel(ctx, params.id, person) });
    },
  }),
  ...formPages({
    slice: 'rotation',
    view: 'rotation/settings',
    page: '/rotation/settings',
    post: '/rotation/settings',
    permission: 'rotation.settings',
    form: z.object({ every_days: days }),
    told: ['saved'],
    values: (about: { days: number | null }) => ({ every_days: about.days === null ? '' : String(about.days) }),
    open: async ({ ctx }) => ({ days: await findEveryDays(ctx) }),
    seen: (about) => [about.days],
    draw({ field }, { t }) {
      return {
        title: t('rotation.settings_title'),
        every_days: field('every_days', {
          mode: 'numeric',
          autocomplete: 'off',
          max: 4,
          help: t('rotation.every_days_help'),
        }),
      };
    },
    async save({ every_days }, { ctx }) {
      await changeEveryDays(ctx, every_days);
      return seeOther('/rotation/settings?told=saved');
    },
  }),
];
