import { DateTime } from 'luxon';
import { z } from 'zod';
import { listPackages } from '../plans';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formPages, readDecimal, type FormRefusal, type FormView } from '../ui';
import { printRule } from './admin.view';
import { listResellers } from './queries';
import { createRule, endRule, listRules } from './save-rule';
import { newRule } from './schema';

const ruleForm = z.record(z.string(), z.string().max(100));
type Values = z.output<typeof ruleForm>;

const rulesPage: FormView = {
  slice: 'resellers',
  view: 'resellers/rules',
  word: (name, { t }) => t(`resellers.${name === 'tier' ? 'amount' : name}_needed`),
  async draw({ values, field }, { ctx, person, reader, t }) {
    const { items: resellers } = await listResellers(ctx, { limit: 200, before: undefined });
    const { items: plans } = await listPackages(ctx, { limit: 200, before: undefined });
    const choice = (name: string, all: string, options: { id: string; name: string }[]) =>
      field(name, {
        options: [{ value: '', label: all, selected: !values[name] }].concat(
          options.map((one) => ({ value: one.id, label: one.name, selected: values[name] === one.id })),
        ),
      });
    const rules = await listRules(ctx, { all: true });
    return {
      title: t('resellers.rules'),
      rules: rules.map((rule) => printRule(rule, reader, person.tenant.currency)),
      empty: { text: t('resellers.no_rules') },
      form: person.actor.permissions.has('resellers.write') && {
        reseller: choice('rule_reseller', t('resellers.every_reseller'), resellers),
        plan: choice('rule_plan', t('resellers.every_plan'), plans),
        kind: field('kind', {
          options: ['percent', 'amount'].map((value) => ({
            value,
            label: t(`resellers.kind_${value}`),
            selected: value === (values['kind'] ?? 'percent'),
          })),
        }),
        gives: field('gives', { mode: 'decimal', required: true, help: t('resellers.gives_help') }),
        tier: field('tier', { mode: 'decimal', unit: person.tenant.currency, help: t('resellers.tier_help') }),
        starts: field('starts', { type: 'date', help: t('resellers.starts_help') }),
      },
    };
  },
};

async function addRule(
  values: Values,
  { ctx, person }: { ctx: Context; person: Person },
): Promise<PageResult | FormRefusal> {
  const text = (name: string) => values[name]?.trim() ?? '';
  const gives = readDecimal(text('gives'), 2);
  const tier = text('tier') === '' ? 0 : readDecimal(text('tier'), 2);
  const day = text('starts') === '' ? undefined : DateTime.fromISO(text('starts'), { zone: person.tenant.timezone });
  const wrong: string[] = [];
  if (tier === undefined) wrong.push('tier');
  const today = DateTime.fromJSDate(ctx.now, { zone: person.tenant.timezone }).startOf('day');
  if (day && (!day.isValid || day < today)) wrong.push('starts');
  const byAmount = text('kind') === 'amount';
  const parsed = newRule.safeParse({
    reseller_id: text('rule_reseller') || null,
    package_id: text('rule_plan') || null,
    percent_bp: byAmount ? null : gives,
    amount_cents: byAmount ? gives : null,
    from_month_cents: tier,
    // Today begins now: what was sold this morning keeps what it earned.
    valid_from: day && day > today ? (day.toUTC().toISO() ?? undefined) : undefined,
  });
  if (gives === undefined || !parsed.success) wrong.push('gives');
  if (!parsed.success || wrong.length > 0) return { kind: 'wrong', fields: wrong };
  const outcome = await createRule(ctx, parsed.data);
  return outcome.kind === 'invalid' ? { kind: 'wrong', fields: ['gives'] } : seeOther('/resellers/rules');
}

/** The commission rules: those that hold, those that come, those that have ended. */
export const rulesRoutes: PageRoute[] = [
  ...formPages({
    ...rulesPage,
    page: '/resellers/rules',
    post: '/resellers/rules',
    permission: 'resellers.write',
    sees: 'resellers.read',
    form: ruleForm,
    save: addRule,
  }),
  pageRoute({
    method: 'POST',
    path: '/resellers/rules/:id/end',
    permission: 'resellers.write',
    async run(ctx, { params }) {
      if ((await endRule(ctx, params.id)) === 'not_found') throw notFound('That rule');
      return seeOther('/resellers/rules');
    },
  }),
];
