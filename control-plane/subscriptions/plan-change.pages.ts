import { z } from 'zod';
import { idField } from '../platform/http/input';
import { conflict, notFound } from '../platform/http/problem';
import { formPages } from '../ui';
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

/** The change of a plan: first what it comes to, then the change. */
export const planChangePages = formPages({
  slice: 'subscriptions',
  view: 'subscriptions/change-plan',
  page: '/subscriptions/:id/change-plan',
  post: '/subscriptions/:id/change-plan',
  permission: 'subscriptions.write',
  form: confirmed,
  word: (_field, { t }) => t('subscriptions.plan_needed'),
  async open({ ctx, params: { id } }, typed) {
    const client = await clientOf(ctx, id);
    const chosen = idField.safeParse(typed['package_id']);
    if (!chosen.success) throw notFound('That plan');
    return { id, packageId: chosen.data, client };
  },
  async draw({ values, errors }, { ctx, about: { id, packageId, client }, reader }) {
    const sub = await lockSubscription(ctx, id);
    if (!sub) throw notFound('That subscription');
    const preview = await previewPlanChange(ctx, sub, packageId);
    if (preview.kind === 'not_on_sale') throw conflict('not_on_sale', reader.t('subscriptions.plan_needed'));
    const model = planChangeModel(preview, reader);
    const chosen = model.ways.find((way) => way.value === values['way']);
    const ways = model.ways.map((way) => ({ ...way, checked: chosen ? way === chosen : way.checked }));
    return { ...model, ways, wayError: errors['way'], client: { id: client.id.toString(), name: client.name } };
  },
  async save(value, { ctx, person, about: { id }, t }) {
    const outcome = await changePlan(ctx, id, value);
    // Back to the figures, which say what is missing.
    if (outcome.kind === 'refused' && ['wallet_short', 'nothing_to_settle'].includes(outcome.code))
      return { kind: 'refused', errors: { way: t(`subscriptions.refused_${outcome.code}`) } };
    return answer(ctx, id, 'change-plan', outcome, person);
  },
});
