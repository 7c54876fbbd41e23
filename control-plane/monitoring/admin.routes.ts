import { z } from 'zod';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { findRouter } from '../routers';
import { formPages, formatMoment, readerFor } from '../ui';
import { acknowledgeAlert } from './alerts';
import { alertList } from './list.routes';
import { figures, graphOf, picksOf } from './graph.view';
import { nowBadge, portsOf, stripOf } from './page.view';
import { findRouterNow, listAlerts, listSamples, spans } from './queries';
import { changeSettings, findSettings, monitoringSettings } from './settings';

type Settings = Awaited<ReturnType<typeof findSettings>>;

const ALERTS_SHOWN = 10;
const numbers = ['cpu_percent', 'memory_percent', 'disk_percent', 'temperature_c'] as const;

const routerPage = pageRoute({
  method: 'GET',
  path: '/routers/:id/monitoring',
  permission: 'monitoring.read',
  query: z.object({
    span: z.enum(spans).catch('day').default('day'),
    figure: z.enum(figures).catch('throughput').default('throughput'),
    interface: z.string().max(64).optional().catch(undefined),
  }),
  async run(ctx, { params, query }, _web, person) {
    const reader = readerFor(ctx, person);
    const router = await findRouter(ctx, params.id);
    if (!router) throw notFound('That router');
    const now = await findRouterNow(ctx, params.id);
    const alerts = await listAlerts(ctx, { routerId: params.id, limit: ALERTS_SHOWN });
    const { span, figure } = query;
    const names = (now?.ports ?? []).map(({ name }) => name);
    const port = figure === 'throughput' ? names.find((name) => name === query.interface) : undefined;
    const samples = await listSamples(ctx, params.id, span);
    const drawn = port === undefined ? samples : await listSamples(ctx, params.id, span, port);
    const path = `/routers/${router.id}/monitoring`;
    const href = (change: { span?: string; figure?: string }): string =>
      `${path}?${new URLSearchParams({ span, figure, ...(port !== undefined && { interface: port }), ...change }).toString()}#graph`;
    return view('monitoring/router', {
      title: router.name,
      live: 'router',
      path,
      router: { id: router.id, name: router.name, online: String(router.live_sessions) },
      state: { ...nowBadge(now, reader), tinted: true },
      byApi: router.has_api_password,
      strip: stripOf(now, reader),
      ports: portsOf(now, reader),
      picks: picksOf(samples, span, reader).map((pick) => ({
        ...pick,
        href: href({ figure: pick.figure }),
        current: pick.figure === figure,
      })),
      graph: graphOf(drawn, { span, figure, port }, reader),
      figure,
      span,
      byPort: figure === 'throughput' && names.length > 1,
      portNames: names.map((name) => ({ name, selected: name === port })),
      spans: spans.map((one) => ({
        label: reader.t(`monitoring.span_${one}`),
        href: href({ span: one }),
        current: one === span,
      })),
      alerts: alerts.items.map((alert) => ({
        what: reader.t(`monitoring.kind_${alert.kind}`),
        detail: [alert.subject, alert.value].filter((text) => text !== '').join(', '),
        opened: formatMoment(new Date(alert.opened_at), reader),
        closed: alert.closed_at ? formatMoment(new Date(alert.closed_at), reader) : reader.t('monitoring.lasts'),
      })),
    });
  },
});

export const pageRoutes: PageRoute[] = [
  ...alertList,
  ...formPages({
    slice: 'monitoring',
    view: 'monitoring/settings',
    page: '/monitoring/settings',
    post: '/monitoring/settings',
    permission: 'monitoring.write',
    form: monitoringSettings,
    told: ['saved'],
    values: (about: Settings) =>
      Object.fromEntries(Object.entries(about).map(([name, value]) => [name, String(value)])),
    open: ({ ctx }) => findSettings(ctx),
    seen: (settings) => Object.values(settings),
    draw: ({ values, field }, { t }) => ({
      title: t('monitoring.settings_title'),
      ...Object.fromEntries(
        numbers.map((name) => [
          name,
          field(name, { required: true, mode: 'numeric', unit: name === 'temperature_c' ? '°C' : '%', max: 3 }),
        ]),
      ),
      phone: field('phone', { mode: 'tel', autocomplete: 'off', max: 16, help: t('monitoring.phone_help') }),
      email: field('email', { type: 'email', autocomplete: 'off', max: 254 }),
      language: field('locale', {
        options: ['en', 'sw'].map((value) => ({
          value,
          label: t(`monitoring.locale_${value}`),
          selected: value === values['locale'],
        })),
      }),
    }),
    async save(value, { ctx }) {
      await changeSettings(ctx, value);
      return seeOther('/monitoring/settings?told=saved');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/monitoring/alerts/:id/acknowledge',
    permission: 'monitoring.write',
    async run(ctx, { params }) {
      if ((await acknowledgeAlert(ctx, params.id)) === 'not_found') throw notFound('That alert');
      return seeOther('/monitoring?state=open');
    },
  }),
  routerPage,
];
