import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, readDecimal, readerFor, type Reader } from '../ui';
import {
  archiveProfile,
  changeProfile,
  createProfile,
  findProfile,
  newProfile,
  type NewProfile,
  type Profile,
  type ProfileOutcome,
} from './profile';
import { profileList } from './profile-list.routes';
import { decimalText } from './units';

const FIELDS = [
  'name',
  'down',
  'up',
  'burst_down',
  'burst_up',
  'burst_from_down',
  'burst_from_up',
  'burst_time',
] as const;
const profileForm = z.record(z.string(), z.string().max(200));
type Values = z.output<typeof profileForm>;

function valuesOf(profile: Profile): Values {
  const mbps = (value: number | null | undefined) => decimalText(value, 3);
  return {
    name: profile.name,
    down: mbps(profile.down_kbps),
    up: mbps(profile.up_kbps),
    burst_down: mbps(profile.burst?.down_kbps),
    burst_up: mbps(profile.burst?.up_kbps),
    burst_from_down: mbps(profile.burst?.threshold_down_kbps),
    burst_from_up: mbps(profile.burst?.threshold_up_kbps),
    burst_time: decimalText(profile.burst?.time_s, 0),
    version: String(profile.version),
  };
}

function readProfile(values: Values): { kind: 'read'; input: NewProfile } | { kind: 'wrong'; fields: string[] } {
  const wrong = new Set<string>();
  const number = (name: string, decimals: number): number | null => {
    const text = values[name]?.trim() ?? '';
    if (text === '') return null;
    const value = readDecimal(text, decimals);
    if (value === undefined) wrong.add(name);
    return value ?? null;
  };
  const [down, up, burst_down, burst_up] = [
    number('down', 3),
    number('up', 3),
    number('burst_down', 3),
    number('burst_up', 3),
  ];
  const from = { threshold_down_kbps: number('burst_from_down', 3), threshold_up_kbps: number('burst_from_up', 3) };
  const time_s = number('burst_time', 0);
  const bursts = burst_down !== null || burst_up !== null;
  const parsed = newProfile.safeParse({
    name: values['name'],
    down_kbps: down ?? undefined,
    up_kbps: up ?? undefined,
    burst: bursts ? { down_kbps: burst_down ?? down, up_kbps: burst_up ?? up, ...from, time_s } : null,
  });
  if (parsed.success && wrong.size === 0) return { kind: 'read', input: parsed.data };
  for (const { path } of parsed.error?.issues ?? []) {
    const [first, second] = path.map(String);
    const last = (second ?? first ?? '').replace('_kbps', '').replace('threshold', 'from').replace('time_s', 'time');
    wrong.add(first === 'burst' ? `burst_${last}` : last);
  }
  return { kind: 'wrong', fields: [...wrong] };
}

const wrongWords = (names: string[], { t }: Reader): Record<string, string> =>
  Object.fromEntries(
    names.map((name) => [name, t(name.startsWith('burst') ? 'plans.burst_needed' : `plans.${name}_needed`)]),
  );

interface Asked {
  values: Values;
  profile?: Profile;
  errors?: Record<string, string>;
  status?: number;
  changed?: boolean;
}

function formPage(
  ctx: Context,
  person: Person,
  { values, profile, errors = {}, status = 200, changed }: Asked,
): PageResult {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const field = fieldsOf('plans', values, errors, reader);
  const unit = (name: string) => (name === 'burst_time' ? 's' : 'Mbps');
  const plans = ['keep', 'new_sales', 'renewal'] as const;
  return view(
    'plans/profile',
    {
      title: profile ? profile.name : t('plans.new_profile'),
      errors: changed ? { title: t('plans.profile_changed_meanwhile'), fields: [] } : formErrors(errors),
      action: profile ? `/plans/profiles/${profile.id}` : '/plans/profiles',
      profile: profile && { id: profile.id, version: profile.version, packages: profile.packages },
      fields: FIELDS.map((name) =>
        field(name, name === 'name' ? { required: true, max: 80 } : { mode: 'decimal', unit: unit(name) }),
      ),
      plans:
        profile && profile.packages.length > 0
          ? plans.map((value) => ({
              value,
              label: t(`plans.profile_plans_${value}`),
              checked: value === (values['plans'] ?? 'keep'),
            }))
          : undefined,
      consequence: t('plans.profile_consequence'),
    },
    { status },
  );
}

async function answer(ctx: Context, person: Person, outcome: ProfileOutcome, asked: Asked): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  switch (outcome.kind) {
    case 'done':
      return seeOther('/plans/profiles');
    case 'not_found':
      throw notFound('That profile');
    case 'name_taken':
      return formPage(ctx, person, { ...asked, errors: { name: t('plans.profile_taken') }, status: 422 });
    case 'plan_refuses':
      return formPage(ctx, person, {
        ...asked,
        errors: { down: t('plans.profile_refused', { plan: outcome.plan }) },
        status: 422,
      });
    case 'changed_meanwhile':
      return formPage(ctx, person, { ...asked, changed: true, status: 409 });
  }
}

/** Bandwidth profiles: speeds that several plans share. */
export const profileRoutes: PageRoute[] = [
  ...profileList,
  pageRoute({
    method: 'GET',
    path: '/plans/profiles/new',
    permission: 'plans.write',
    run: (ctx, _input, _web, person) => Promise.resolve(formPage(ctx, person, { values: {} })),
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/profiles',
    permission: 'plans.write',
    form: profileForm,
    async run(ctx, { form }, _web, person) {
      const values = form.ok ? form.value : form.values;
      const read = readProfile(values);
      if (read.kind === 'wrong')
        return formPage(ctx, person, { values, errors: wrongWords(read.fields, readerFor(ctx, person)), status: 422 });
      return answer(ctx, person, await createProfile(ctx, read.input), { values });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/plans/profiles/:id',
    permission: 'plans.write',
    async run(ctx, { params }, _web, person) {
      const profile = await findProfile(ctx, params.id);
      if (!profile) throw notFound('That profile');
      return formPage(ctx, person, { values: valuesOf(profile), profile });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/profiles/:id',
    permission: 'plans.write',
    form: profileForm,
    async run(ctx, { params, form }, _web, person) {
      const values = form.ok ? form.value : form.values;
      const profile = await findProfile(ctx, params.id);
      if (!profile) throw notFound('That profile');
      const read = readProfile(values);
      const asked = { values, profile };
      if (read.kind === 'wrong')
        return formPage(ctx, person, {
          ...asked,
          errors: wrongWords(read.fields, readerFor(ctx, person)),
          status: 422,
        });
      const plans = (['new_sales', 'renewal'] as const).find((one) => one === values['plans']) ?? 'keep';
      const version = Number(values['version']) || 1;
      return answer(ctx, person, await changeProfile(ctx, params.id, { ...read.input, plans, version }), asked);
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/plans/profiles/:id/archive',
    permission: 'plans.write',
    async run(ctx, { params }) {
      if ((await archiveProfile(ctx, params.id)) === 'not_found') throw notFound('That profile');
      return seeOther('/plans/profiles');
    },
  }),
];
