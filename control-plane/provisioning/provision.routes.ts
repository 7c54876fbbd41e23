import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formatMoment, formPages, readerFor, type Reader } from '../ui';
import { keepSetup } from './issue-line';
import type { PlanItem } from './plan';
import { findRun, findSetup, type Setup } from './queries';
import { provisioned } from './provision-shape';
import { startRun } from './start-run';
import { printWanted, readWantedText, wantedFields, type WantedText } from './wanted-text';

const text = z.string().max(8000).default('');
const form = z.object({
  wanted_pppoe: text,
  wanted_hotspot: text,
  wanted_vlans: text,
  wanted_pools: text,
  wanted_queues: text,
});

/** @throws Problem 404 */
async function setupOf(ctx: Context, id: bigint): Promise<Setup> {
  const setup = await findSetup(ctx, id);
  if (!setup) throw notFound('That router');
  return setup;
}

/** The newest plan of a router, or what came of it. */
async function planModel(ctx: Context, routerId: bigint, person: Person): Promise<Record<string, unknown>> {
  const reader = readerFor(ctx, person);
  const run = await findRun(ctx, routerId, ['plan', 'apply']);
  const base = { id: String(routerId), mayWrite: person.actor.permissions.has('routers.write') };
  if (!run) return { ...base, never: true };
  if (run.state === 'running') return { ...base, running: true };
  const at = run.finishedAt ? formatMoment(run.finishedAt, reader) : '';
  if (run.state === 'failed') return { ...base, fault: reader.t(`provisioning.fault_${run.fault ?? 'internal'}`), at };
  const { items, done, left } = provisioned.pick({ items: true, done: true, left: true }).parse(run.result);
  const applied = run.kind === 'apply';
  const refusedOf = new Map(done.map(({ key, refused }) => [key, refused]));
  return {
    ...base,
    at: reader.t(applied ? 'provisioning.applied_at' : 'provisioning.planned_at', { at }),
    // What was done stands above what is left.
    done: applied
      ? done
          .filter(({ key }) => !left.some((item) => item.key === key))
          .map(({ key }) => ({ key, items: items.filter((item) => item.key === key).map(printed(reader)) }))
      : [],
    items: (applied ? left : items).map((item, n) => ({
      ...printed(reader)(item),
      box: item.action === 'by_hand' && `overwrite_${n}`,
      refused: refusedOf.get(item.key),
    })),
    well: (applied ? left : items).length === 0,
  };
}

const printed =
  ({ t }: Reader) =>
  ({ key, step, action, fields }: Omit<PlanItem, 'id'>) => ({
    key,
    step: t(`provisioning.step_${step}`),
    action: t(`provisioning.action_${action}`),
    byHand: action === 'by_hand',
    fields: fields.map(({ name, from, to }) => ({ name, from, to })),
  });

export const provisionPages: PageRoute[] = [
  ...formPages({
    slice: 'provisioning',
    view: 'provisioning/provision',
    page: '/routers/:id/provision',
    post: '/routers/:id/provision',
    permission: 'routers.write',
    form,
    open: ({ ctx, params }) => setupOf(ctx, params.id),
    values: (setup): WantedText => printWanted(setup.wanted),
    async draw({ field }, { ctx, person, t, about }) {
      return {
        title: t('provisioning.provision_title', { name: about.name }),
        live: 'router',
        id: about.routerId,
        name: about.name,
        fields: wantedFields.map((name) => field(name, { lines: 3, help: t(`provisioning.${name}_help`) })),
        plan: await planModel(ctx, BigInt(about.routerId), person),
      };
    },
    async save(typed, { ctx, params }) {
      const read = readWantedText(typed);
      if (read.kind === 'wrong') return { kind: 'wrong', fields: read.fields };
      await keepSetup(ctx, params.id, { wanted: read.wanted });
      await startRun(ctx, params.id, 'plan');
      return seeOther(`/routers/${params.id}/provision#plan`);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/routers/:id/provision/plan',
    permission: 'routers.write',
    async run(ctx, { params }, _web, person) {
      await setupOf(ctx, params.id);
      return view('provisioning/plan', { layout: null, plan: await planModel(ctx, params.id, person) });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/provision/apply',
    permission: 'routers.write',
    // A box for each row that was changed by hand: overwrite_<n>, with the row's key.
    form: z.record(z.string(), z.string()),
    async run(ctx, { params, form: given }) {
      await setupOf(ctx, params.id);
      const overwrite = Object.entries(given.values).flatMap(([name, key]) =>
        name.startsWith('overwrite_') ? [key] : [],
      );
      await recordAudit(ctx, 'provisioning.apply', { type: 'nas', id: params.id }, { overwrite });
      await startRun(ctx, params.id, 'apply', { overwrite });
      return seeOther(`/routers/${params.id}/provision#plan`);
    },
  }),
];
