import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther } from '../platform/http/page';
import type { PageResult, PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formatMoment, formPages, type FormView, type Reader } from '../ui';
import { changeStaff } from './change-staff';
import { listBrowsers } from './console-session';
import { createStaff } from './create-staff';
import { handOver } from './hand-over';
import { endColleagueSignIns, inviteStaff, mayTouch, resetSecondFactor, type Reset } from './invite-staff';
import { browserView } from './own.view';
import { peopleList } from './people.list';
import { listPeople, type PersonRow } from './people.queries';
import { printPerson } from './people.view';
import { grantableRoles, roleWord } from './roles';
import { emailField } from './schema';

const TOLD = ['invited', 'changed', 'disabled', 'enabled', 'second_reset', 'signed_out'] as const;

async function roleOptions(ctx: Context, chosen: string | undefined, reader: Reader) {
  return (await grantableRoles(ctx)).map((role) => ({
    value: role.key,
    label: roleWord({ role: role.key, role_name: role.name, own_role: role.own }, reader),
    selected: role.key === chosen,
  }));
}

const personPage: FormView<{ row: PersonRow; touch: { kind: string }; write: boolean }> = {
  slice: 'staff',
  view: 'staff/person',
  word: 'wanted',
  shared: true,
  seen: ({ row }) => [row.name, row.role],
  values: ({ row }) => ({ name: row.name, role: row.role }),
  async draw({ values, field }, { ctx, web, person, reader, t, about: { row, touch, write } }) {
    const told = TOLD.find((one) => one === web.query['told']);
    const printed = printPerson(row, reader);
    return {
      title: row.name,
      told: told && { text: t(`staff.told_${told}`, { email: row.email }) },
      person: { ...printed, state: { ...printed.state, tinted: true } },
      since: formatMoment(row.seen_at ?? new Date(0), reader),
      mayEdit: write && (touch.kind === 'may' || touch.kind === 'not_yourself'),
      mayTouch: touch.kind === 'may',
      disabled: row.disabled_at !== null,
      invited: row.invited,
      why: write && touch.kind !== 'may' ? t(`staff.why_${touch.kind}`) : '',
      name: field('name', { required: true, max: 120 }),
      role: touch.kind === 'may' && field('role', { options: await roleOptions(ctx, values['role'], reader) }),
      browsers: (await listBrowsers(ctx, row.id)).map((one) => browserView.row(one, person.session?.id, reader)),
    };
  },
};

async function mustFind(ctx: Context, id: bigint, person: Person) {
  const [row] = await listPeople(ctx, { id }, { limit: 1 });
  if (!row) throw notFound('This person');
  const write = person.actor.permissions.has('staff.write');
  return { row, write, touch: write ? await mayTouch(ctx, id) : { kind: 'not_found' } };
}

/** Turns what an act came to into the page to go to. */
function afterAct(id: bigint, outcome: Reset, told: (typeof TOLD)[number]): PageResult {
  if (outcome.kind === 'not_found') throw notFound('This person');
  return seeOther(outcome.kind === 'done' ? `/staff/${id}?told=${told}` : `/staff/${id}`);
}

const act = (path: string, told: (typeof TOLD)[number], run: (ctx: Context, id: bigint) => Promise<Reset>): PageRoute =>
  pageRoute({
    method: 'POST',
    path: `/staff/:id/${path}` as '/staff/:id/x',
    permission: 'staff.write',
    run: async (ctx, { params }) => afterAct(params.id, await run(ctx, params.id), told),
  });

const setDisabled =
  (disabled: boolean) =>
  async (ctx: Context, id: bigint): Promise<Reset> => {
    const outcome = await changeStaff(ctx, id, { disabled });
    if (outcome.kind === 'changed') return { kind: 'done' };
    if (outcome.kind === 'no_such_role' || outcome.kind === 'weak_password') return { kind: 'stronger' };
    return outcome;
  };

export const peopleRoutes: PageRoute[] = [
  ...peopleList,
  ...formPages({
    slice: 'staff',
    view: 'staff/invite',
    page: '/staff/new',
    post: '/staff',
    permission: 'staff.write',
    form: z.object({
      name: z.string().trim().min(1).max(120),
      email: emailField,
      role: z.string().min(1).max(60),
    }),
    word: 'wanted',
    draw: async ({ values, field }, { ctx, reader, t }) => ({
      title: t('staff.invite_title'),
      name: field('name', { required: true, max: 120, autocomplete: 'off' }),
      email: field('email', {
        required: true,
        type: 'email',
        max: 254,
        autocomplete: 'off',
        help: t('staff.email_help'),
      }),
      role: field('role', {
        options: await roleOptions(ctx, values['role'] ?? 'support', reader),
        help: t('staff.role_help'),
      }),
    }),
    async save(value, { ctx, web, person, t }) {
      const made = await createStaff(ctx, { ...value, password: undefined });
      if (made.kind === 'email_taken') return { kind: 'refused', errors: { email: t('staff.email_taken') } };
      if (made.kind !== 'created') return { kind: 'wrong', fields: ['role'] };
      const invited = await inviteStaff(ctx, made.id);
      if (invited.kind !== 'invited') return seeOther(`/staff/${made.id}`);
      return handOver(ctx, web, person, `/staff/${made.id}`, invited);
    },
  }),
  ...formPages({
    ...personPage,
    page: '/staff/:id',
    post: '/staff/:id',
    permission: 'staff.write',
    sees: 'staff.read',
    form: z.object({
      name: z.string().trim().min(1).max(120),
      role: z.string().max(60).optional(),
    }),
    open: ({ ctx, params, person }) => mustFind(ctx, params.id, person),
    async save({ name, role }, { ctx, params: { id }, about: { row }, t }) {
      const outcome = await changeStaff(ctx, id, { name, role: role === row.role ? undefined : role });
      switch (outcome.kind) {
        case 'changed':
          return seeOther(`/staff/${id}?told=changed`);
        case 'not_found':
          throw notFound('This person');
        case 'no_such_role':
        case 'weak_password':
          return { kind: 'wrong', fields: ['role'] };
        case 'not_yourself':
        case 'stronger':
        case 'super_admin':
          return { kind: 'refused', errors: { role: t(`staff.why_${outcome.kind}`) } };
      }
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/:id/invite',
    permission: 'staff.write',
    async run(ctx, { params }, web, person) {
      const invited = await inviteStaff(ctx, params.id);
      if (invited.kind === 'not_found') throw notFound('This person');
      if (invited.kind !== 'invited') return seeOther(`/staff/${params.id}`);
      return handOver(ctx, web, person, `/staff/${params.id}`, invited);
    },
  }),
  act('reset-second', 'second_reset', resetSecondFactor),
  act('sign-out', 'signed_out', endColleagueSignIns),
  act('disable', 'disabled', setDisabled(true)),
  act('enable', 'enabled', setDisabled(false)),
];
