import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, type PageResult, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages, readDecimal, type FormRefusal, type FormView, type Reader } from '../ui';
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

const profilePage: FormView<Profile | undefined> = {
  slice: 'plans',
  view: 'plans/profile',
  word: (name, { t }) => t(name.startsWith('burst') ? 'plans.burst_needed' : `plans.${name}_needed`),
  values: (profile) => (profile ? valuesOf(profile) : {}),
  draw({ values, field }, { about: profile, t }) {
    const unit = (name: string) => (name === 'burst_time' ? 's' : 'Mbps');
    const plans = ['keep', 'new_sales', 'renewal'] as const;
    return {
      title: profile ? profile.name : t('plans.new_profile'),
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
    };
  },
};

/** What saving came to, for the form. */
function afterSaving(outcome: ProfileOutcome, { t }: Reader): PageResult | FormRefusal {
  switch (outcome.kind) {
    case 'done':
      return seeOther('/plans/profiles');
    case 'not_found':
      throw notFound('That profile');
    case 'name_taken':
      return { kind: 'refused', errors: { name: t('plans.profile_taken') } };
    case 'plan_refuses':
      return { kind: 'refused', errors: { down: t('plans.profile_refused', { plan: outcome.plan }) } };
    case 'changed_meanwhile':
      return { kind: 'changed' };
  }
}

async function mustFind(ctx: Context, id: bigint): Promise<Profile> {
  const profile = await findProfile(ctx, id);
  if (!profile) throw notFound('That profile');
  return profile;
}

/** Bandwidth profiles: speeds that several plans share. */
export const profileRoutes: PageRoute[] = [
  ...profileList,
  ...formPages({
    ...profilePage,
    page: '/plans/profiles/new',
    post: '/plans/profiles',
    permission: 'plans.write',
    form: profileForm,
    async save(values, { ctx, reader }) {
      const read = readProfile(values);
      return read.kind === 'wrong' ? read : afterSaving(await createProfile(ctx, read.input), reader);
    },
  }),
  ...formPages({
    ...profilePage,
    page: '/plans/profiles/:id',
    post: '/plans/profiles/:id',
    permission: 'plans.write',
    form: profileForm,
    open: ({ ctx, params }) => mustFind(ctx, params.id),
    async save(values, { ctx, params, reader }) {
      const read = readProfile(values);
      if (read.kind === 'wrong') return read;
      const plans = (['new_sales', 'renewal'] as const).find((one) => one === values['plans']) ?? 'keep';
      const version = Number(values['version']) || 1;
      return afterSaving(await changeProfile(ctx, params.id, { ...read.input, plans, version }), reader);
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
