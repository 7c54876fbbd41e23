import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, view } from '../platform/http/page';
import type { PageResult } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { readerFor } from '../ui';
import { answer, clientOf } from './answer-page';
import { changePlan, previewPlanChange } from './change-plan';
import { planChangeModel } from './plan-change.view';
import { changePlanInput } from './schema';
import { lockSubscription } from './standing';

/** One choice of the page: at renewal, or now with one way to settle. */
const confirmed = z
  .object({
    package_id: idField,
    way: z.enum(['renewal', 'nothing', 'money', 'time']),
    as_of: changePlanInput.shape.as_of,
  })
  .transform(({ package_id, way, as_of }) => ({
    packageId: package_id,
    when: way === 'renewal' ? ('renewal' as const) : ('now' as const),
    settle: way === 'renewal' ? undefined : way,
    asOf: as_of,
  }));

async function previewPage(
  ctx: Context,
  id: bigint,
  packageId: bigint,
  person: Person,
  error?: string,
): Promise<PageResult> {
  const sub = await lockSubscription(ctx, id);
  if (!sub) throw notFound('That subscription');
  const reader = readerFor(ctx, person);
  const preview = await previewPlanChange(ctx, sub, packageId);
  if (preview.kind === 'not_on_sale')
    return answer(ctx, id, '', { kind: 'invalid', fields: { plan: reader.t('subscriptions.plan_needed') } }, person);
  const client = await clientOf(ctx, id);
  const model = { ...planChangeModel(preview, reader), client: { id: client.id.toString(), name: client.name } };
  const errors = error === undefined ? undefined : { fields: [{ name: 'way', message: error }] };
  return view('subscriptions/change-plan', { ...model, errors }, error === undefined ? {} : { status: 422 });
}

/** The change of a plan: first what it comes to, then the change. */
export const planChangePages = [
  pageRoute({
    method: 'GET',
    path: '/subscriptions/:id/change-plan',
    permission: 'subscriptions.write',
    query: z.object({ package_id: idField }),
    run: (ctx, { params, query }, _web, person) => previewPage(ctx, params.id, query.package_id, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/subscriptions/:id/change-plan',
    permission: 'subscriptions.write',
    form: confirmed,
    async run(ctx, { params, form }, _web, person) {
      const { t } = readerFor(ctx, person);
      if (!form.ok) {
        const chosen = idField.safeParse(form.values['package_id']);
        if (!chosen.success) throw notFound('That plan');
        return previewPage(ctx, params.id, chosen.data, person, t('subscriptions.plan_needed'));
      }
      const outcome = await changePlan(ctx, params.id, form.value);
      // Back to the figures, which say what is missing.
      if (outcome.kind === 'refused' && ['wallet_short', 'nothing_to_settle'].includes(outcome.code))
        return previewPage(ctx, params.id, form.value.packageId, person, t(`subscriptions.refused_${outcome.code}`));
      return answer(ctx, params.id, 'change-plan', outcome, person);
    },
  }),
];
