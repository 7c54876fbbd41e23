import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { poolNames } from '../pools';
import { nowSays, readerFor, type Reader } from '../ui';
import { findPlan } from './admin.queries';
import { printMoment } from './admin.view';
import { changePackage } from './change-package';
import { createPackage, type PackageOutcome } from './create-package';
import { formValues } from './form-values';
import { planForm, readPlan, type PlanForm } from './plan-form';
import { planFormModel, planFormWord } from './plan-form.view';
import { planSentences, type Described } from './plan-words';
import { priceAsked } from './price';
import { previewPlan } from './preview-plan';
import { profilesOfCompany, speedsOf } from './speeds';
import { packageInput, type NewPackage, type Package, type PackageInput, type PackagePatch } from './schema';

/** What the form was opened on; another change since then shows in it. */
const seenOf = (plan: Package): string => `${plan.version}|${plan.type}|${plan.name}`;

interface Asked {
  values: PlanForm;
  /** The plan that is changed; undefined for a new one. */
  plan?: Package;
  errors?: Record<string, string>;
  status?: number;
  /** Somebody else changed the plan meanwhile. */
  changed?: boolean;
}

const readForm = async (ctx: Context, values: PlanForm) => {
  const profiles = await profilesOfCompany(ctx);
  const read = readPlan(values, new Map(profiles.map((one) => [one.id.toString(), speedsOf(one)])));
  return { profiles, read };
};

const wrongWords = (names: string[], reader: Reader): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, planFormWord(name, reader)]));

/** What the customer and the router get of the plan that stands in the form, or what is missing to say so. */
async function previewModel(ctx: Context, values: PlanForm, currency: string, reader: Reader) {
  const { read } = await readForm(ctx, { ...values, name: values['name']?.trim() || '-' });
  const other = values['at'] === 'other';
  const at = (['mikrotik', 'other'] as const).map((value) => ({
    value,
    label: reader.t(`plans.nas_${value}`),
    selected: (value === 'other') === other,
  }));
  const field = { name: 'at', label: reader.t('plans.at'), value: '', error: undefined, options: at };
  if (read.kind === 'wrong') return { field, missing: true };
  const price_cents = await priceAsked(ctx, read.input);
  const input = packageInput.parse({ ...read.input, price_cents, currency: read.input.currency ?? currency });
  const moments = await previewPlan(ctx, input, other ? 'other' : 'mikrotik');
  return {
    field,
    sentences: planSentences(described(input), reader),
    moments: moments.map((one) => printMoment(one, reader)),
  };
}

function described(input: PackageInput): Described {
  const { contract, burst, ...rest } = input;
  const nothing = {
    net_cents: null,
    quota_bytes: null,
    throttle_down_kbps: null,
    throttle_up_kbps: null,
    fair_use: null,
    quota_cycle: null,
    time_rules: null,
    online_s: null,
    idle_timeout_s: null,
    pool: null,
    address_list: null,
    ipv6_pool: null,
    delegated_ipv6_pool: null,
    vlan_id: null,
    profile_id: null,
  };
  return {
    ...nothing,
    on_quota: 'cut',
    simultaneous_use: 1,
    interim_s: 300,
    grace_s: 0,
    starts_on: 'activation',
    ...(rest as Partial<Described>),
    contract: contract ?? null,
    burst: burst ? { threshold_down_kbps: null, threshold_up_kbps: null, time_s: null, ...burst } : null,
  } as Described;
}

/** What a plan says by now otherwise than its form. */
const changedBy = (plan: Package, values: PlanForm, reader: Reader): Record<string, string> =>
  Object.fromEntries(
    Object.entries(formValues(plan))
      .filter(([name, now]) => values[name] !== undefined && now !== values[name])
      .map(([name, now]) => [name, nowSays(now ?? '', reader)]),
  );

async function formPage(ctx: Context, person: Person, asked: Asked): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const { values, plan } = asked;
  const errors = (asked.changed && plan ? changedBy(plan, values, reader) : asked.errors) ?? {};
  const currency = plan?.currency ?? person.tenant.currency;
  const profiles = await profilesOfCompany(ctx);
  const choices = {
    profiles: profiles.map((one) => ({ id: one.id.toString(), name: one.name })),
    pools: await poolNames(ctx),
  };
  const model = planFormModel(values, errors, currency, choices, reader);
  const renewal = values['existing'] === 'renewal';
  return view(
    'plans/form',
    {
      ...model,
      errors: asked.changed
        ? { title: t('plans.changed_meanwhile', { version: plan?.version ?? 0 }), fields: model.errors?.fields ?? [] }
        : model.errors,
      title: plan ? t('plans.edit_title', { name: plan.name }) : t('plans.new_title'),
      action: plan ? `/plans/${plan.id}/edit` : '/plans',
      back: plan ? `/plans/${plan.id}` : '/plans',
      plan: plan && {
        name: plan.name,
        id: plan.id,
        seen: seenOf(plan),
        consequence: t('plans.edit_consequence', { version: plan.version + 1 }),
        existing: (['keep', 'renewal'] as const).map((value) => ({
          value,
          label: t(`plans.existing_${value}`),
          checked: (value === 'renewal') === renewal,
        })),
      },
      preview: await previewModel(ctx, values, currency, reader),
    },
    { status: asked.status ?? 200 },
  );
}

/** Where a command's answer names a field of the API, the form shows it at its own field, in the reader's words. */
function refusal(outcome: PackageOutcome, reader: Reader): Record<string, string> {
  if (outcome.kind === 'name_taken') return { name: reader.t('plans.name_taken') };
  const names = outcome.kind === 'invalid' ? Object.keys(outcome.fields) : [];
  return wrongWords(
    names.map((name) => (name === 'profile_id' ? 'profile' : name)),
    reader,
  );
}

/** Only what the form says otherwise than the plan: the audit then tells what was changed. */
function patchOf(before: Package, input: NewPackage): PackagePatch {
  const was = packageInput.parse(before) as Record<string, unknown>;
  const changed = Object.entries(input).filter(
    ([name, value]) =>
      JSON.stringify(value ?? null) !== JSON.stringify(was[name] ?? null) &&
      !(Array.isArray(value) && value.length === 0 && !was[name]),
  );
  return Object.fromEntries(changed);
}

async function saveChange(ctx: Context, id: bigint, values: PlanForm, person: Person): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  await ctx.tx.$queryRaw`SELECT id FROM plan WHERE id = ${id} FOR NO KEY UPDATE`;
  const plan = await findPlan(ctx, id);
  if (!plan || plan.archived_at !== null) throw notFound('That plan');
  const again = (errors: Record<string, string>) => formPage(ctx, person, { values, plan, errors, status: 422 });
  const { read } = await readForm(ctx, values);
  if (read.kind === 'wrong') return again(wrongWords(read.fields, reader));
  if (values['seen'] !== seenOf(plan)) return formPage(ctx, person, { values, plan, changed: true, status: 409 });
  const patch = patchOf(plan, read.input);
  const existing = values['existing'] === 'renewal' ? 'renewal' : 'keep';
  const outcome = await changePackage(ctx, id, { ...patch, existing });
  if (outcome.kind !== 'done') return again(refusal(outcome, reader));
  return seeOther(`/plans/${id}?told=${outcome.package.version === plan.version ? 'renamed' : 'changed'}`);
}

/** Adding and changing a plan, and what it will come to while it is typed. */
export const formRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/plans/new',
    permission: 'plans.write',
    run: (ctx, _input, _web, person) => formPage(ctx, person, { values: {} }),
  }),
  pageRoute({
    method: 'POST',
    path: '/plans',
    permission: 'plans.write',
    form: planForm,
    async run(ctx, { form }, _web, person) {
      const values = form.ok ? form.value : form.values;
      const again = (errors: Record<string, string>) => formPage(ctx, person, { values, errors, status: 422 });
      const reader = readerFor(ctx, person);
      const { read } = await readForm(ctx, values);
      if (read.kind === 'wrong') return again(wrongWords(read.fields, reader));
      const outcome = await createPackage(ctx, read.input);
      return outcome.kind === 'done'
        ? seeOther(`/plans/${outcome.package.id}?told=created`)
        : again(refusal(outcome, reader));
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/plans/:id/edit',
    permission: 'plans.write',
    async run(ctx, { params }, _web, person) {
      const plan = await findPlan(ctx, params.id);
      if (!plan || plan.archived_at !== null) throw notFound('That plan');
      return formPage(ctx, person, { values: formValues(plan), plan });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/:id/edit',
    permission: 'plans.write',
    form: planForm,
    run: (ctx, { params, form }, _web, person) =>
      saveChange(ctx, params.id, form.ok ? form.value : form.values, person),
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/preview',
    permission: 'plans.write',
    repeatable: true,
    form: planForm,
    async run(ctx, { form }, web, person) {
      const values = form.ok ? form.value : form.values;
      const reader = readerFor(ctx, person);
      const id = /^\d{1,18}$/.test(values['plan_id'] ?? '') ? BigInt(values['plan_id'] ?? '0') : undefined;
      const plan = id === undefined ? undefined : await findPlan(ctx, id);
      // Without scripts the whole page comes back, with everything that was typed.
      if (!web.isHtmx) return formPage(ctx, person, { values, ...(plan ? { plan } : {}) });
      const currency = plan?.currency ?? person.tenant.currency;
      return view('plans/preview', { preview: await previewModel(ctx, values, currency, reader), layout: null });
    },
  }),
];
