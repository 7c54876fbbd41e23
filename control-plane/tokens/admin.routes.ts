import { z } from 'zod';
import { fieldsOf as faultsOf } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { permissions } from '../platform/permissions';
import { ownHand } from '../staff';
import { fieldsOf, formErrors, readerFor, type Reader } from '../ui';
import { createToken } from './create-token';
import { tokenList } from './list.routes';
import { revokeToken } from './revoke-token';
import { newToken } from './schema';

const DAYS = ['30', '90', '365', '730'];

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
  ...tokenList,
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
