import { z } from 'zod';
import type { Context } from '../platform/context';
import { listPackages } from '../plans';
import { subscriptionStates } from '../subscriptions';
import type { Permission } from '../platform/permissions';
import { fieldsOf, formErrors } from '../ui';
import { actions } from './actions';
import type { Reader } from '../ui';
import { bulkActions, bulkFilter, newBulk, TEXT_MAX, type BulkAction } from './schema';

const none = z.literal('').transform(() => undefined);
const optional = <T extends z.ZodType>(schema: T) => z.union([none, schema]).optional();
/** Read as an id by the schema behind the form. */
const idText = z.string().regex(/^[1-9]\d{0,18}$/, 'must be an id');
const whole = z
  .string()
  .regex(/^\s*\d{1,4}\s*$/, 'must be a whole number')
  .transform(Number);
/** Ids of a selection: as checkboxes send them, each under the same name, or separated by commas, as links carry them. */
const idList = z
  .union([z.string().max(200_000), z.array(z.string().max(20)).max(10_000)])
  .transform((ids) => (typeof ids === 'string' ? ids.split(',') : ids).filter((part) => part !== ''));

/** What is chosen, as it stands in an address: the names of the customer list's own filters, a router, or ids. */
export const choiceQuery = z.object({
  action: optional(z.enum(bulkActions)),
  q: z.string().trim().max(200).optional(),
  state: optional(z.enum(subscriptionStates)),
  plan: optional(idText),
  online: optional(z.enum(['yes', 'no'])),
  expires: optional(bulkFilter.shape.expires.unwrap()),
  joined: optional(bulkFilter.shape.joined.unwrap()),
  router: optional(idText),
  hours: optional(whole),
  clients: optional(idList),
  subscriptions: optional(idList),
});
export type Choice = z.output<typeof choiceQuery>;

/** The form: the choice, and what is to be done. */
export const bulkForm = choiceQuery
  .extend({
    action: z.enum(bulkActions),
    days: optional(whole),
    reason: z.string().optional(),
    text: z.string().optional(),
    package_id: optional(idText),
    when: optional(z.enum(['now', 'renewal'])),
  })
  .transform(
    ({
      q,
      state,
      plan,
      online,
      expires,
      joined,
      router,
      hours,
      clients,
      subscriptions,
      ...what
    }): z.input<typeof newBulk> => ({
      ...what,
      reason: what.action === 'suspend' ? what.reason : undefined,
      text: what.action === 'message' ? what.text : undefined,
      ...(subscriptions
        ? { subscription_ids: subscriptions }
        : clients
          ? { client_ids: clients }
          : {
              filter: {
                q: q || undefined,
                state,
                package_id: plan,
                online: online && online === 'yes',
                expires,
                joined,
                router_id: router,
                hours,
              },
            }),
    }),
  )
  .pipe(newBulk);

const peopleWords = {
  online: ['yes', 'no'],
  expires: bulkFilter.shape.expires.unwrap().options,
  joined: bulkFilter.shape.joined.unwrap().options,
};

async function choices(ctx: Context) {
  const plans = await listPackages(ctx, { limit: 200, before: undefined });
  const routers = await ctx.tx.$queryRaw<
    { id: bigint; name: string }[]
  >`SELECT id, name FROM nas ORDER BY name LIMIT 500`;
  return { plans: plans.items, routers };
}

/** The page on which one says what is to be done with whom. Without an action it asks for that first. */
export async function formModel(
  ctx: Context,
  values: Record<string, string>,
  errors: Record<string, string>,
  reader: Reader,
  may: ReadonlySet<Permission>,
) {
  const { t } = reader;
  const action = bulkActions.find((one) => one === values['action']);
  // What somebody may not do is not offered.
  const offered = bulkActions.filter((one) => may.has(actions[one].permission));
  const kept = Object.entries(values).filter(([name, value]) => value !== '' && name !== 'action' && name !== '_csrf');
  if (!action) {
    const rest = new URLSearchParams(kept);
    return {
      title: t('bulk.new_title'),
      actions: offered.map((one) => ({
        href: `/bulk/new?${new URLSearchParams([['action', one], ...rest]).toString()}`,
        label: t(`bulk.action_${one}`),
        detail: t(`bulk.about_${one}`),
      })),
    };
  }
  const { plans, routers } = await choices(ctx);
  const field = fieldsOf('bulk', values, errors, reader);
  const planOptions = (name: string) =>
    plans.map((plan) => ({ value: plan.id, label: plan.name, selected: plan.id === values[name] }));
  const picked = values['clients'] || values['subscriptions'];
  return {
    title: t(`bulk.action_${action}`),
    errors: formErrors(errors),
    action,
    what: whatFields(action, field, planOptions('package_id'), values, reader),
    picked: picked && {
      name: values['subscriptions'] ? 'subscriptions' : 'clients',
      value: picked,
      text: t('bulk.picked', { count: picked.split(',').length }),
    },
    whom: picked ? [] : whomFields(field, routers, planOptions('plan'), values, reader),
  };
}

/** The filters by which people are chosen, each open at first. */
function whomFields(
  field: ReturnType<typeof fieldsOf>,
  routers: { id: bigint; name: string }[],
  plans: { value: string; label: string; selected: boolean }[],
  values: Record<string, string>,
  reader: Reader,
) {
  const { t } = reader;
  // In the words of the customer list.
  const people = fieldsOf('subscribers', values, {}, reader);
  const any = (name: string) => ({ value: '', label: t('ui.filter_any'), selected: !values[name] });
  return [
    field('state', {
      options: [
        any('state'),
        ...subscriptionStates
          .filter((state) => state !== 'ended')
          .map((state) => ({ value: state, label: t(`ui.state.${state}`), selected: state === values['state'] })),
      ],
    }),
    field('plan', { options: [any('plan'), ...plans] }),
    ...(['online', 'expires', 'joined'] as const).map((name) =>
      people(name, {
        options: [
          any(name),
          ...peopleWords[name].map((value) => ({
            value,
            label: t(`subscribers.${name}_${value}`),
            selected: value === values[name],
          })),
        ],
      }),
    ),
    field('router', {
      options: [
        any('router'),
        ...routers.map(({ id, name }) => ({
          value: id.toString(),
          label: name,
          selected: id.toString() === values['router'],
        })),
      ],
      help: t('bulk.router_help'),
    }),
    field('hours', { mode: 'numeric', help: t('bulk.hours_help') }),
    field('q', { max: 200, help: t('bulk.q_help') }),
  ];
}

function whatFields(
  action: BulkAction,
  field: ReturnType<typeof fieldsOf>,
  plans: { value: string; label: string; selected: boolean }[],
  values: Record<string, string>,
  { t }: Reader,
) {
  switch (action) {
    case 'extend':
      return [field('days', { mode: 'numeric', required: true, help: t('bulk.days_help') })];
    case 'suspend':
      return [field('reason', { max: 200, required: true, help: t('bulk.reason_help') })];
    case 'resume':
      return [];
    case 'message':
      return [field('text', { max: TEXT_MAX, required: true, lines: 4, help: t('bulk.text_help') })];
    case 'change_plan':
      return [
        field('package_id', { options: plans }),
        field('when', {
          options: (['renewal', 'now'] as const).map((when) => ({
            value: when,
            label: t(`bulk.when_${when}`),
            selected: when === values['when'],
          })),
          help: t('bulk.when_help'),
        }),
      ];
  }
}
