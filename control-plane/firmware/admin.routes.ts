import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formatMoment, formPages, readerFor } from '../ui';
import { firmwareList, standingBadge } from './list.routes';
import { printRun } from './page.view';
import { listFirmware, listRuns, type FirmwareRow } from './queries';
import { askForCheck, BATCH_MOST, upgradeRouters } from './upgrade-routers';

/** @throws Problem 404 */
async function rowOf(ctx: Context, routerId: bigint): Promise<FirmwareRow> {
  const { items } = await listFirmware(ctx, { routerId, limit: 1 });
  const [row] = items;
  if (!row) throw notFound('That router');
  return row;
}

async function runsModel(ctx: Context, routerId: bigint, person: Person) {
  const reader = readerFor(ctx, person);
  const runs = (await listRuns(ctx, routerId)).map((run) => printRun(run, reader));
  const [run, ...earlier] = runs;
  return { id: String(routerId), run, earlier };
}

const routerPages = formPages({
  slice: 'firmware',
  view: 'firmware/router',
  page: '/routers/:id/firmware',
  post: '/routers/:id/firmware',
  permission: 'firmware.write',
  sees: 'firmware.read',
  form: z.object({ confirm: z.string().trim().max(120).default(''), board: z.string().optional() }),
  told: ['asked', 'no_api'],
  open: ({ ctx, params }) => rowOf(ctx, params.id),
  async draw({ field }, { ctx, person, reader, t, about }) {
    const progress = await runsModel(ctx, BigInt(about.router_id), person);
    return {
      title: t('firmware.of', { router: about.router }),
      live: 'router',
      row: about,
      state: { ...standingBadge(about, reader), tinted: true },
      checked: about.checked_at
        ? t('firmware.checked_at', { at: formatMoment(new Date(about.checked_at), reader) })
        : t('firmware.never_checked'),
      fault: about.fault && {
        what: [t(`firmware.fault_${about.fault}`), about.fault_words].join(' '),
        remedy: t(`firmware.remedy_${about.fault}`),
      },
      mayUpgrade: person.actor.permissions.has('firmware.write') && about.has_api,
      underWay: progress.run?.underWay,
      confirm: field('confirm', {
        required: true,
        autocomplete: 'off',
        max: 120,
        help: t('firmware.confirm_help', { router: about.router }),
      }),
      progress,
    };
  },
  async save({ confirm, board }, { ctx, params, t, about }) {
    if (confirm !== about.router) return { kind: 'wrong', fields: ['confirm'] };
    const outcome = await upgradeRouters(ctx, [params.id], { board: board !== undefined });
    if (outcome.kind === 'asked') return seeOther(`/routers/${params.id}/firmware#progress`);
    if (outcome.kind === 'not_found') throw notFound('That router');
    return { kind: 'refused', title: t(`firmware.refused_${outcome.kind}`, { router: outcome.router }), status: 409 };
  },
});

/** Boxes `r_<id>`, and how many of them. */
const manyPages = formPages({
  slice: 'firmware',
  view: 'firmware/many',
  page: '/firmware/new',
  post: '/firmware',
  permission: 'firmware.write',
  form: z.record(z.string(), z.string()),
  async draw({ values, field }, { ctx, t }) {
    const { items } = await listFirmware(ctx, { standing: 'newer', limit: BATCH_MOST });
    return {
      title: t('firmware.many_title'),
      routers: items
        .filter((row) => row.has_api)
        .map((row) => ({ ...row, checked: values[`r_${row.router_id}`] !== undefined })),
      board: values['board'] !== undefined,
      count: field('count', {
        required: true,
        autocomplete: 'off',
        mode: 'numeric',
        max: 3,
        help: t('firmware.count_help'),
      }),
    };
  },
  async save(typed, { ctx, t }) {
    const ids = Object.keys(typed).flatMap((name) => /^r_(\d{1,18})$/.exec(name)?.[1] ?? []);
    if (ids.length === 0 || ids.length > BATCH_MOST || typed['count']?.trim() !== String(ids.length))
      return { kind: 'wrong', fields: ['count'] };
    const outcome = await upgradeRouters(ctx, ids.map(BigInt), { board: typed['board'] !== undefined });
    if (outcome.kind === 'asked') return seeOther('/firmware?state=under_way');
    if (outcome.kind === 'not_found') throw notFound('A router of these');
    return { kind: 'refused', title: t(`firmware.refused_${outcome.kind}`, { router: outcome.router }), status: 409 };
  },
});

export const pageRoutes: PageRoute[] = [
  ...firmwareList,
  ...routerPages,
  ...manyPages,
  pageRoute({
    method: 'GET',
    path: '/routers/:id/firmware/progress',
    permission: 'firmware.read',
    async run(ctx, { params }, _web, person) {
      await rowOf(ctx, params.id);
      return view('firmware/progress', { layout: null, progress: await runsModel(ctx, params.id, person) });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/firmware/check',
    permission: 'firmware.write',
    async run(ctx, { params }) {
      const outcome = await askForCheck(ctx, params.id);
      if (outcome === 'not_found') throw notFound('That router');
      return seeOther(`/routers/${params.id}/firmware?told=${outcome}`);
    },
  }),
];
