import { z } from 'zod';
import type { Context } from '../platform/context';
import { fieldsOf as faultsOf } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { permissions } from '../platform/permissions';
import { ownHand } from '../staff';
import { fieldsOf, formatMoment, formErrors, readerFor, type Reader } from '../ui';
import { createToken } from './create-token';
import { listTokens } from './queries';
import { revokeToken } from './revoke-token';
import { newToken, type Token } from './schema';

const DAYS = ['30', '90', '365', '730'];
const listQuery = z.object({ all: z.enum(['yes']).optional(), told: z.enum(['revoked']).optional() });

function printToken(token: Token, all: boolean, reader: Reader) {
  const { t } = reader;
  return {
    id: token.id,
    name: token.name ?? t('tokens.sign_in'),
    owner: all ? token.owner.name : '',
    scopes: token.scopes ? token.scopes.join(', ') : t('tokens.everything'),
    used: token.last_used_at
      ? formatMoment(token.last_used_at, reader)
      : token.kind === 'token'
        ? t('tokens.never')
        : '–',
    from: token.last_used_ip ?? '',
    ends: formatMoment(token.expires_at, reader),
    made: t('tokens.made', { when: formatMoment(token.created_at, reader) }),
  };
}

async function listPage(ctx: Context, person: Person, query: z.output<typeof listQuery>): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const manages = person.actor.permissions.has('tokens.manage');
  const all = manages && query.all === 'yes';
  const tokens = await listTokens(ctx, { staffId: all ? undefined : person.staffId, currentHash: person.tokenHash });
  return view('tokens/list', {
    title: t('tokens.title'),
    all,
    told: query.told && { text: t('tokens.told_revoked') },
    tabs: manages && [
      { href: '/tokens', label: t('tokens.mine'), current: !all },
      { href: '/tokens?all=yes', label: t('tokens.of_all'), current: all },
    ],
    rows: tokens.map((one) => printToken(one, all, reader)),
    empty: { text: t('tokens.empty'), href: '/tokens/new', step: t('tokens.add'), action: true },
  });
}

function formPage(
  person: Person,
  reader: Reader,
  values: Record<string, string>,
  faults?: Record<string, string>,
): PageResult {
  const { t } = reader;
  const words = Object.fromEntries(
    Object.entries(faults ?? {}).map(([name, message]) => [
      name.startsWith('scopes') ? 'scopes' : name,
      name.startsWith('scopes') ? t('tokens.scopes_needed') : name === 'name' ? t('tokens.name_needed') : message,
    ]),
  );
  const field = fieldsOf('tokens', values, words, reader);
  const held = permissions.filter((one) => person.actor.permissions.has(one));
  const groups = [...new Set(held.map((one) => one.split('.')[0] ?? ''))];
  return view(
    'tokens/form',
    {
      title: t('tokens.add'),
      errors: formErrors(words),
      name: field('name', { required: true, max: 80, autocomplete: 'off', help: t('tokens.name_help') }),
      days: field('days', {
        options: DAYS.map((value) => ({
          value,
          label: t('tokens.days_count', { count: Number(value) }),
          selected: value === (values['days'] ?? '90'),
        })),
        help: t('tokens.days_help'),
      }),
      scopesFault: words['scopes'],
      groups: groups.map((group) => ({
        legend: group,
        scopes: held
          .filter((one) => one.startsWith(`${group}.`))
          .map((name) => ({ name, checked: values[name] === 'on' })),
      })),
    },
    faults ? { status: 422 } : {},
  );
}

export const pageRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/tokens',
    permission: 'signed_in',
    query: listQuery,
    run: (ctx, { query }, _web, person) => listPage(ctx, person, query),
  }),
  pageRoute({
    method: 'GET',
    path: '/tokens/new',
    permission: 'signed_in',
    run(ctx, _input, _web, person) {
      ownHand(person);
      return Promise.resolve(formPage(person, readerFor(ctx, person), {}));
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tokens',
    permission: 'signed_in',
    form: z.record(z.string(), z.string().max(300)),
    async run(ctx, { form }, _web, person) {
      const reader = readerFor(ctx, person);
      const values = form.ok ? form.value : form.values;
      const read = newToken.safeParse({
        name: values['name'] ?? '',
        scopes: permissions.filter((one) => values[one] === 'on'),
        days: Number(values['days'] ?? 90),
      });
      if (!read.success) return formPage(person, reader, values, faultsOf(read.error));
      const made = await createToken(ctx, person, read.data);
      if (made.kind !== 'created')
        return formPage(
          person,
          reader,
          values,
          made.kind === 'too_many' ? { token: reader.t('tokens.too_many', { count: made.most }) } : { scopes: '' },
        );
      return view('tokens/made', { title: reader.t('tokens.made_title'), token: made.token });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/tokens/:id/revoke',
    permission: 'signed_in',
    form: z.object({ all: z.string().max(5).optional() }),
    async run(ctx, { params, form }, _web, person) {
      if ((await revokeToken(ctx, person, params.id)) === 'not_found') throw notFound('That token');
      return seeOther(form.ok && form.value.all ? '/tokens?all=yes&told=revoked' : '/tokens?told=revoked');
    },
  }),
];
