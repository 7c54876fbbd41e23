import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formatMoment, readerFor, type Reader } from '../ui';
import { newRouterForm } from './form.routes';
import { issueLine } from './issue-line';
import { printChecks, verdictOf } from './print-checks';
import { provisionPages } from './provision.routes';
import { findRun, findSetup, type Run, type Setup } from './queries';
import { startRun } from './start-run';

async function setupPage(
  ctx: Context,
  id: bigint,
  person: Person,
  line?: { line: string; fault?: string },
): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  const setup = await findSetup(ctx, id);
  if (!setup) throw notFound('That router');
  return view('provisioning/setup', {
    title: t('provisioning.title', { name: setup.name }),
    live: 'router',
    id: setup.routerId,
    name: setup.name,
    line: line?.line,
    told: line?.fault && { text: t(`provisioning.${line.fault}`), warn: true },
    mayWrite: person.actor.permissions.has('routers.write'),
    tunnel: setup.way === 'tunnel',
    progress: await progressModel(ctx, setup, person),
  });
}

/** What has happened so far, the newest last: the line, the script, the test. */
async function progressModel(ctx: Context, setup: Setup, person: Person): Promise<Record<string, unknown>> {
  const reader = readerFor(ctx, person);
  const run = await findRun(ctx, BigInt(setup.routerId), ['self_test']);
  return {
    id: setup.routerId,
    events: stepsOf(setup, run, reader),
    checks: run?.state === 'done' ? printChecks(run.result, reader).map(drawn(reader)) : undefined,
    testing: run?.state === 'running',
    // The page follows by the stream of changes; where that is lost, by asking.
    underWay: run?.state === 'running' || (setup.lineExpiresAt !== null && setup.finishedAt === null),
    tunnel: tunnelWords(setup, reader),
    testedAt: run?.finishedAt && formatMoment(run.finishedAt, reader),
  };
}

/** Of a router behind a tunnel: its address there, and when it was last heard where our end is kept. */
function tunnelWords({ tunnelAddress, handshakeAt, tunnelEndpoint }: Setup, reader: Reader): string | null {
  if (tunnelAddress === null) return null;
  const { t } = reader;
  if (handshakeAt === null) return t('provisioning.tunnel_unheard', { address: tunnelAddress });
  const at = formatMoment(handshakeAt, reader);
  return t('provisioning.tunnel_heard', { address: tunnelAddress, at, from: tunnelEndpoint ?? '–' });
}

function stepsOf(setup: Setup, run: Run | undefined, reader: Reader): Record<string, unknown>[] {
  const { t } = reader;
  const event = (at: Date | null | undefined, what: string, detail?: string, tone = 'good') => ({
    iso: at?.toISOString(),
    time: at ? formatMoment(at, reader) : '',
    arch: at ? (tone === 'good' ? 'online' : 'shut') : 'open',
    tone: at ? tone : '',
    what,
    detail,
  });
  const { fetchedAt, fetchedVersion, finishedAt, failedStep } = setup;
  const verdict = run && verdictOf(run);
  return [
    event(
      fetchedAt,
      fetchedAt ? t('provisioning.fetched', { version: fetchedVersion ?? '' }) : t('provisioning.waiting'),
    ),
    failedStep
      ? event(
          fetchedAt,
          t('provisioning.step_failed', { step: t(`provisioning.step_${failedStep}`) }),
          t('provisioning.step_failed_help'),
          'bad',
        )
      : event(finishedAt, finishedAt ? t('provisioning.done') : t('provisioning.not_done')),
    event(
      run?.finishedAt,
      verdict ? t(`provisioning.verdict_${verdict}`) : t('provisioning.not_tested'),
      undefined,
      verdict === 'fail' || verdict === 'failed' ? 'bad' : 'good',
    ),
  ];
}

const drawn =
  ({ t }: Reader) =>
  (check: ReturnType<typeof printChecks>[number], index: number) => ({
    ...check,
    place: index + 1,
    stop: check.outcome === 'fail',
    arch: { pass: 'online', fail: 'shut', unknown: 'open' }[check.outcome],
    tone: { pass: 'good', fail: 'bad', unknown: '' }[check.outcome],
    outcome: t(`provisioning.outcome_${check.outcome}`),
  });

export const pageRoutes: PageRoute[] = [
  ...newRouterForm,
  ...provisionPages,
  pageRoute({
    method: 'GET',
    path: '/routers/:id/setup',
    permission: 'routers.read',
    run: (ctx, { params }, _web, person) => setupPage(ctx, params.id, person),
  }),
  pageRoute({
    method: 'GET',
    path: '/routers/:id/setup/progress',
    permission: 'routers.read',
    async run(ctx, { params }, _web, person) {
      const setup = await findSetup(ctx, params.id);
      if (!setup) throw notFound('That router');
      return view('provisioning/progress', { layout: null, progress: await progressModel(ctx, setup, person) });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/setup',
    permission: 'routers.write',
    form: z.object({}),
    // The line is told once, on the answer itself: it is a key to the router's secrets and stands nowhere else.
    repeatable: true,
    async run(ctx, { params }, _web, person) {
      const outcome = await issueLine(ctx, params.id);
      if (outcome.kind === 'not_found') throw notFound('That router');
      return setupPage(
        ctx,
        params.id,
        person,
        outcome.kind === 'done' ? { line: outcome.line } : { line: '', fault: outcome.kind },
      );
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/routers/:id/self-test',
    permission: 'routers.write',
    async run(ctx, { params }) {
      if (!(await findSetup(ctx, params.id))) throw notFound('That router');
      await startRun(ctx, params.id, 'self_test');
      return seeOther(`/routers/${params.id}/setup`);
    },
  }),
];
