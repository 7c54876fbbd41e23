import { suspectRouters } from '../access';
import type { Context } from '../platform/context';
import { freePage, pageRoute, view } from '../platform/http/page';
import type { PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import type { Permission } from '../platform/permissions';
import { poolsNearEnd } from '../pools';
import { formatToday, readerFor } from '../ui';
import { switchedOffEndpoints } from '../webhooks';
import { checks, justNow, moneyToday, stoppedParts, unknownRouters } from './dashboard.queries';
import { onlineCurve, onlineNow, openSessions, routersNow, sessionsIn } from './online.queries';
import { peoplePart } from './people.part';
import { remember } from '../platform/remember';
import { arcade, feed, moneyPanel, needs, onlinePanel, poolNeeds, webhookNeeds, zeros } from './dashboard.view';

/** The curve has a point every ten minutes; the checks walk every open session and what was sold. */
const CURVE_KEPT_MS = 60_000;
const CHECKS_KEPT_MS = 5_000;

/** Three panels print what is open, and all screens of a company the same figures: counted once a second. */
const SESSIONS_KEPT_MS = 1_000;
const openOf = (ctx: Context) => remember(ctx, 'open', SESSIONS_KEPT_MS, () => openSessions(ctx));
const routersOf = (ctx: Context) =>
  remember(ctx, 'routers', SESSIONS_KEPT_MS, async () => routersNow(ctx, await openOf(ctx)));

type Part = (ctx: Context, person: Person) => Promise<object>;

const online: Part = async (ctx, person) =>
  onlinePanel(
    onlineNow(await openOf(ctx)),
    await remember(ctx, 'curve', CURVE_KEPT_MS, () => onlineCurve(ctx)),
    readerFor(ctx, person),
  );

const money: Part = async (ctx, person) =>
  moneyPanel(await moneyToday(ctx, person.tenant.timezone), readerFor(ctx, person));

const needsSomeone: Part = async (ctx, person) => {
  const reader = readerFor(ctx, person);
  const found = await remember(ctx, 'checks', CHECKS_KEPT_MS, () => checks(ctx));
  const strangers = person.isSuperAdmin ? await unknownRouters(ctx) : [];
  const suspects = person.actor.permissions.has('access.explain') ? await suspectRouters(ctx) : [];
  const pools = person.actor.permissions.has('pools.read') ? await poolsNearEnd(ctx) : [];
  const endpoints = person.actor.permissions.has('webhooks.read') ? await switchedOffEndpoints(ctx) : [];
  const list = [
    ...needs(await routersOf(ctx), found, strangers, await stoppedParts(ctx), suspects, reader),
    ...poolNeeds(pools, reader),
    ...webhookNeeds(endpoints, reader),
  ];
  return {
    list,
    summary: list.length > 0 ? reader.t('admin.needs_summary', { count: list.length }) : '',
    zeros: zeros(found, sessionsIn(await openOf(ctx)), reader),
  };
};

const happened: Part = async (ctx, person) => ({
  rows: feed(
    await justNow(ctx, sourcesFor(person)),
    readerFor(ctx, person),
    person.actor.permissions.has('access.explain'),
  ),
  refusals: person.actor.permissions.has('access.explain'),
});

const routers: Part = async (ctx, person) => arcade(await routersOf(ctx), readerFor(ctx, person));

/** Sources of the feed that this person may read. */
function sourcesFor({ actor: { permissions } }: Person) {
  return {
    payments: permissions.has('payments.read'),
    network: permissions.has('sessions.read'),
    staff: permissions.has('audit.read'),
  };
}

/**
 * Each panel can be asked for alone, when the event stream says that its figures changed. The whole page asks for those of one lane one after another, in one
 * transaction, and for both lanes side by side: what walks the sessions, and the rest.
 */
const PARTS: Record<string, { needs: Permission; make: Part; lane: 0 | 1 }> = {
  money: { needs: 'payments.read', make: money, lane: 1 },
  online: { needs: 'dashboard.read', make: online, lane: 0 },
  people: { needs: 'subscribers.read', make: peoplePart, lane: 1 },
  needs: { needs: 'dashboard.read', make: needsSomeone, lane: 0 },
  feed: { needs: 'dashboard.read', make: happened, lane: 1 },
  routers: { needs: 'dashboard.read', make: routers, lane: 0 },
};

function topicsFor({ actor: { permissions } }: Person): string {
  const topics: [string, Permission][] = [
    ['sessions', 'sessions.read'],
    ['enforcement', 'sessions.read'],
    ['payment', 'payments.read'],
    ['router', 'routers.read'],
  ];
  return topics
    .filter(([, permission]) => permissions.has(permission))
    .map(([topic]) => topic)
    .join(',');
}

export const dashboardRoutes: PageRoute[] = [
  freePage({
    path: '/dashboard',
    permission: 'dashboard.read',
    async run(call, _input, _web, person) {
      const model: Record<string, unknown> = { live: topicsFor(person) };
      const fill = (lane: number): Promise<void> =>
        call.inTenant(async (ctx) => {
          model['title'] = formatToday(readerFor(ctx, person));
          for (const [name, part] of Object.entries(PARTS))
            if (part.lane === lane && person.actor.permissions.has(part.needs))
              model[name] = await part.make(ctx, person);
        });
      await Promise.all([fill(0), fill(1)]);
      return view('admin/dashboard', model);
    },
  }),
  ...Object.entries(PARTS).map(([name, part]) =>
    pageRoute({
      method: 'GET',
      path: `/dashboard/${name}`,
      permission: part.needs,
      async run(ctx, _input, _web, person) {
        return view(`admin/${name}`, { layout: null, [name]: await part.make(ctx, person) });
      },
    }),
  ),
];
