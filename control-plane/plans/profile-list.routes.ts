import { listQuery } from '../platform/http/input';
import { listPages } from '../tables';
import { formatSpeed, type Column, type Reader } from '../ui';
import { listProfiles, type Profile } from './profile';

type Listed = Profile & { href: string };

const both = (speed: { down_kbps: number; up_kbps: number }, { t, locale }: Reader) =>
  t('plans.speed', { down: formatSpeed(speed.down_kbps, locale), up: formatSpeed(speed.up_kbps, locale) });

const profileColumns: Column<Listed>[] = [
  {
    key: 'name',
    label: 'plans.name',
    isName: true,
    cell: ({ name, href }) => ({ first: name, ...(href ? { href } : {}) }),
    csv: ({ name }) => name,
  },
  {
    key: 'speed',
    label: 'plans.speed_head',
    card: 'card-full',
    cell: (profile, reader) => ({ first: both(profile, reader) }),
    csv: ({ down_kbps, up_kbps }) => `${down_kbps}/${up_kbps}`,
  },
  {
    key: 'burst',
    label: 'plans.burst_head',
    card: 'not-in-card',
    cell: ({ burst }, reader) => ({ first: burst ? both(burst, reader) : '–' }),
    csv: ({ burst }) => (burst ? `${burst.down_kbps}/${burst.up_kbps}` : null),
  },
  {
    key: 'plans',
    label: 'ui.nav_plans',
    card: 'card-full',
    cell: ({ packages }) =>
      packages.length > 0
        ? { links: packages.map(({ id, name }) => ({ href: `/plans/${id}`, name })) }
        : { first: '–' },
    csv: ({ packages }) => packages.map(({ name }) => name).join(', '),
  },
];

/** Speeds that several plans share: a company has some dozen, on one page. */
export const profileList = listPages({
  list: 'profiles',
  path: '/plans/profiles',
  permission: 'plans.read',
  view: 'plans/profiles',
  query: listQuery,
  title: 'plans.profiles',
  find: 'plans.profile_find',
  foot: 'plans.profiles_foot',
  columns: profileColumns,
  scope: (_ctx, { query, person }) => ({
    q: (query.q ?? '').toLowerCase(),
    mayWrite: person.actor.permissions.has('plans.write'),
  }),
  async page(ctx, { q, mayWrite }) {
    const found = (await listProfiles(ctx)).filter(({ name }) => name.toLowerCase().includes(q));
    return {
      items: found.map((one) => ({ ...one, href: mayWrite ? `/plans/profiles/${one.id}` : '' })),
      nextCursor: null,
    };
  },
  empty: ({ person, reader: { t } }) => ({
    text: t('plans.profiles_empty'),
    ...(person.actor.permissions.has('plans.write')
      ? { href: '/plans/profiles/new', step: t('plans.add_profile'), action: true }
      : {}),
  }),
  model: (_ctx, { person }) => ({ mayAdd: person.actor.permissions.has('plans.write') }),
});
