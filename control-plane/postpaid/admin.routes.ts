import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { formErrors, readerFor } from '../ui';
import type { Outcome } from '../subscriptions';
import { changeAccount, promisePayment, unparkAccount } from './change-account';
import { customerModel, type Refused } from './customer.view';
import { accountForm, promiseForm, serviceForm, writeOffForm } from './forms';
import { listRoutes } from './list.routes';
import { settingsRoutes } from './settings.routes';
import { statementRoutes } from './statement.routes';
import { startPostpaid, stopPostpaid } from './start-postpaid';
import { writeOffDebt } from './write-off-debt';

const TOLD = ['started', 'stopped', 'changed', 'promised', 'unparked', 'written_off', 'refused'] as const;

interface Shown {
  told?: string | undefined;
  refused?: Refused;
}

async function customerPage(ctx: Context, id: bigint, person: Person, { told, refused }: Shown): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const may = person.actor.permissions as ReadonlySet<string>;
  const model = await customerModel(ctx, id, { reader, may, currency: person.tenant.currency, refused });
  if (!model) throw notFound('That customer');
  const known = TOLD.find((one) => one === told);
  return view(
    'postpaid/customer',
    {
      ...model,
      told: known && { text: reader.t(`postpaid.told_${known}`), ...(known === 'refused' ? { warn: true } : {}) },
      errors: refused && formErrors(refused.errors),
    },
    refused ? { status: 422 } : {},
  );
}

/** A form of the page that was refused, with what each field wants. */
function refuse(
  ctx: Context,
  id: bigint,
  person: Person,
  name: Refused['form'],
  form: { values: Record<string, string>; fields: Record<string, string> },
): Promise<PageResult> {
  const { t } = readerFor(ctx, person);
  const errors = Object.fromEntries(Object.keys(form.fields).map((field) => [field, t(`postpaid.${field}_wanted`)]));
  return customerPage(ctx, id, person, { refused: { form: name, values: form.values, errors } });
}

const back = (id: bigint, told: (typeof TOLD)[number]) => seeOther(`/postpaid/customers/${id}?told=${told}`);
const gone = () => notFound('That account');
const turned = (id: bigint, outcome: Outcome, told: 'started' | 'stopped') => {
  if (outcome.kind === 'not_found') throw notFound('That service');
  return back(id, outcome.kind === 'done' ? told : 'refused');
};

export const pageRoutes: PageRoute[] = [
  ...settingsRoutes,
  ...listRoutes,
  ...statementRoutes,
  pageRoute({
    method: 'GET',
    path: '/postpaid/customers/:id',
    permission: 'postpaid.read',
    run: (ctx, { params }, web, person) => customerPage(ctx, params.id, person, { told: web.query['told'] }),
  }),
  pageRoute({
    method: 'POST',
    path: '/postpaid/customers/:id/account',
    permission: 'postpaid.write',
    form: accountForm,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return refuse(ctx, params.id, person, 'account', form);
      const { credit_limit, ...terms } = form.value;
      if (!(await changeAccount(ctx, params.id, { ...terms, credit_limit_cents: credit_limit }))) throw gone();
      return back(params.id, 'changed');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/postpaid/customers/:id/start',
    permission: 'postpaid.write',
    form: serviceForm,
    async run(ctx, { params, form }) {
      if (!form.ok) throw notFound('That service');
      return turned(params.id, await startPostpaid(ctx, form.value.subscription, {}), 'started');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/postpaid/customers/:id/stop',
    permission: 'postpaid.write',
    form: serviceForm,
    async run(ctx, { params, form }) {
      if (!form.ok) throw notFound('That service');
      return turned(params.id, await stopPostpaid(ctx, form.value.subscription), 'stopped');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/postpaid/customers/:id/unpark',
    permission: 'postpaid.write',
    form: z.object({ anyway: z.enum(['yes', '']).default('') }),
    async run(ctx, { params, form }) {
      if (!(await unparkAccount(ctx, params.id, form.ok && form.value.anyway === 'yes'))) throw gone();
      return back(params.id, 'unparked');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/postpaid/customers/:id/promise',
    permission: 'postpaid.promise',
    form: promiseForm,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return refuse(ctx, params.id, person, 'promise', form);
      const { until, note } = form.value;
      if (!(await promisePayment(ctx, params.id, { until: until === '' ? null : until, note }))) throw gone();
      return back(params.id, 'promised');
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/postpaid/customers/:id/write-off',
    permission: 'postpaid.write_off',
    form: writeOffForm,
    async run(ctx, { params, form }, _web, person) {
      if (!form.ok) return refuse(ctx, params.id, person, 'write_off', form);
      await writeOffDebt(ctx, params.id, form.value.reason);
      return back(params.id, 'written_off');
    },
  }),
];
