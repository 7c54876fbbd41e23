import { z } from 'zod';
import { fieldsOf as faultsOf } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { permissions } from '../platform/permissions';
import { ownHand } from '../staff';
import { formPages } from '../ui';
import { createToken } from './create-token';
import { tokenList } from './list.routes';
import { revokeToken } from './revoke-token';
import { newToken } from './schema';

const DAYS = ['30', '90', '365', '730'];

export const pageRoutes: PageRoute[] = [
  ...tokenList,
  ...formPages({
    slice: 'tokens',
    view: 'tokens/form',
    page: '/tokens/new',
    post: '/tokens',
    permission: 'signed_in',
    form: z.record(z.string(), z.string().max(300)),
    open: ({ person }) => ownHand(person),
    draw({ values, errors, field }, { person, t }) {
      const held = permissions.filter((one) => person.actor.permissions.has(one));
      const groups = [...new Set(held.map((one) => one.split('.')[0] ?? ''))];
      return {
        title: t('tokens.add'),
        name: field('name', { required: true, max: 80, autocomplete: 'off', help: t('tokens.name_help') }),
        days: field('days', {
          options: DAYS.map((value) => ({
            value,
            label: t('tokens.days_count', { count: Number(value) }),
            selected: value === (values['days'] ?? '90'),
          })),
          help: t('tokens.days_help'),
        }),
        scopesFault: errors['scopes'],
        groups: groups.map((group) => ({
          legend: group,
          scopes: held
            .filter((one) => one.startsWith(`${group}.`))
            .map((name) => ({ name, checked: values[name] === 'on' })),
        })),
      };
    },
    async save(values, { ctx, person, t }) {
      const read = newToken.safeParse({
        name: values['name'] ?? '',
        scopes: permissions.filter((one) => values[one] === 'on'),
        days: Number(values['days'] ?? 90),
      });
      if (!read.success)
        return { kind: 'wrong', fields: Object.keys(faultsOf(read.error)).map((name) => name.split('.')[0] ?? name) };
      const made = await createToken(ctx, person, read.data);
      if (made.kind === 'too_many')
        return { kind: 'refused', errors: { token: t('tokens.too_many', { count: made.most }) } };
      if (made.kind !== 'created') return { kind: 'wrong', fields: ['scopes'] };
      return view('tokens/made', { title: t('tokens.made_title'), token: made.token });
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
