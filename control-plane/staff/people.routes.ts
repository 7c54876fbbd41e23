import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view } from '../platform/http/page';
import type { PageResult, PageRoute, Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, formatMoment, readerFor } from '../ui';
import type { Reader } from '../ui';
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

/** What a form shows of the present values, so that a change which somebody made meanwhile is not overwritten unseen. */
const fingerprint = (row: PersonRow): string =>
  createHash('sha256').update(`${row.name}\n${row.role}`).digest('base64url').slice(0, 16);

async function roleOptions(ctx: Context, chosen: string | undefined, reader: Reader) {
  return (await grantableRoles(ctx)).map((role) => ({
    value: role.key,
    label: roleWord({ role: role.key, role_name: role.name, own_role: role.own }, reader),
    selected: role.key === chosen,
  }));
}

async function inviteForm(
  ctx: Context,
  person: Person,
  values: Record<string, string>,
  errors: Record<string, string>,
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const field = fieldsOf('staff', values, errors, reader);
  const model = {
    title: reader.t('staff.invite_title'),
    errors: formErrors(errors),
    name: field('name', { required: true, max: 120, autocomplete: 'off' }),
    email: field('email', {
      required: true,
      type: 'email',
      max: 254,
      autocomplete: 'off',
      help: reader.t('staff.email_help'),
    }),
    role: field('role', {
      options: await roleOptions(ctx, values['role'] ?? 'support', reader),
      help: reader.t('staff.role_help'),
    }),
  };
  return view('staff/invite', model, Object.keys(errors).length > 0 ? { status: 422 } : {});
}

async function personPage(
  ctx: Context,
  web: Web,
  person: Person,
  id: bigint,
  refused: { status: number; values?: Record<string, string>; fields: Record<string, string>; title?: string } = {
    status: 200,
    fields: {},
  },
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const [row] = await listPeople(ctx, { id }, { limit: 1 });
  if (!row) throw notFound('This person');
  const write = person.actor.permissions.has('staff.write');
  const touch = write ? await mayTouch(ctx, id) : { kind: 'not_found' as const };
  const values = refused.values ?? { name: row.name, role: row.role };
  const field = fieldsOf('staff', values, refused.fields, reader);
  const told = TOLD.find((one) => one === web.query['told']);
  const printed = printPerson(row, reader);
  const problem = Object.keys(refused.fields).length > 0 || refused.title !== undefined;
  return view(
    'staff/person',
    {
      title: row.name,
      told: told && { text: t(`staff.told_${told}`, { email: row.email }) },
      errors: problem ? { title: refused.title, fields: formErrors(refused.fields)?.fields ?? [] } : undefined,
      person: { ...printed, state: { ...printed.state, tinted: true } },
      since: formatMoment(row.seen_at ?? new Date(0), reader),
      mayEdit: write && (touch.kind === 'may' || touch.kind === 'not_yourself'),
      mayTouch: touch.kind === 'may',
      disabled: row.disabled_at !== null,
      invited: row.invited,
      why: write && touch.kind !== 'may' ? t(`staff.why_${touch.kind}`) : '',
      seen: fingerprint(row),
      name: field('name', { required: true, max: 120 }),
      role: touch.kind === 'may' && field('role', { options: await roleOptions(ctx, values['role'], reader) }),
      browsers: (await listBrowsers(ctx, id)).map((one) => browserView.row(one, person.session?.id, reader)),
    },
    { status: refused.status },
  );
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
  pageRoute({
    method: 'GET',
    path: '/staff/new',
    permission: 'staff.write',
    run: (ctx, _input, _web, person) => inviteForm(ctx, person, {}, {}),
  }),
  pageRoute({
    method: 'POST',
    path: '/staff',
    permission: 'staff.write',
    form: z.object({
      name: z.string().trim().min(1).max(120),
      email: emailField,
      role: z.string().min(1).max(60),
    }),
    async run(ctx, { form }, web, person) {
      const { t } = readerFor(ctx, person);
      if (!form.ok) {
        const errors = Object.keys(form.fields).map((name) => [name, t(`staff.${name}_wanted`)] as const);
        return inviteForm(ctx, person, form.values, Object.fromEntries(errors));
      }
      const made = await createStaff(ctx, { ...form.value, password: undefined });
      if (made.kind === 'email_taken') return inviteForm(ctx, person, form.value, { email: t('staff.email_taken') });
      if (made.kind !== 'created') return inviteForm(ctx, person, form.value, { role: t('staff.role_wanted') });
      const invited = await inviteStaff(ctx, made.id);
      if (invited.kind !== 'invited') return seeOther(`/staff/${made.id}`);
      return handOver(ctx, web, person, `/staff/${made.id}`, invited);
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/staff/:id',
    permission: 'staff.read',
    run: (ctx, { params }, web, person) => personPage(ctx, web, person, params.id),
  }),
  pageRoute({
    method: 'POST',
    path: '/staff/:id',
    permission: 'staff.write',
    form: z.object({
      name: z.string().trim().min(1).max(120),
      role: z.string().max(60).optional(),
      seen: z.string().max(40).default(''),
    }),
    async run(ctx, { params, form }, web, person) {
      const { t } = readerFor(ctx, person);
      const { id } = params;
      const [row] = await listPeople(ctx, { id }, { limit: 1 });
      if (!row) throw notFound('This person');
      if (!form.ok)
        return personPage(ctx, web, person, id, {
          status: 422,
          values: form.values,
          fields: { name: t('staff.name_wanted') },
        });
      const { name, role, seen } = form.value;
      const values = { name, role: role ?? row.role };
      if (seen !== fingerprint(row))
        return personPage(ctx, web, person, id, { status: 409, fields: {}, title: t('staff.changed_meanwhile') });
      const outcome = await changeStaff(ctx, id, { name, role: role === row.role ? undefined : role });
      if (outcome.kind === 'changed') return seeOther(`/staff/${id}?told=changed`);
      if (outcome.kind === 'not_found') throw notFound('This person');
      return personPage(ctx, web, person, id, {
        status: 422,
        values,
        fields: {
          role:
            outcome.kind === 'no_such_role' || outcome.kind === 'weak_password'
              ? t('staff.role_wanted')
              : t(`staff.why_${outcome.kind}`),
        },
      });
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
