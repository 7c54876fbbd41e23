import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages, seenOf, type FormView } from '../ui';
import type { Outcome } from '../subscriptions';
import { changeAccount, promisePayment, unparkAccount } from './change-account';
import { customerModel, customerValues, findBilled, type Billed } from './customer.view';
import { accountForm, promiseForm, serviceForm, writeOffForm } from './forms';
import { listRoutes } from './list.routes';
import { settingsRoutes } from './settings.routes';
import { statementRoutes } from './statement.routes';
import { startPostpaid, stopPostpaid } from './start-postpaid';
import { writeOffDebt } from './write-off-debt';

const TOLD = ['started', 'stopped', 'changed', 'promised', 'unparked', 'written_off', 'refused'] as const;

/** One customer's bills, with the forms about them. */
const customerPage: FormView<Billed> = {
  slice: 'postpaid',
  view: 'postpaid/customer',
  word: 'wanted',
  shared: true,
  values: (billed, { reader }) => customerValues(billed, reader),
  async draw({ field }, { ctx, web, person, reader, about, t }) {
    const may = person.actor.permissions as ReadonlySet<string>;
    const told = TOLD.find((one) => one === web.query['told']);
    return {
      ...(await customerModel(ctx, about, { reader, may, currency: person.tenant.currency, field })),
      told: told && { text: t(`postpaid.told_${told}`), ...(told === 'refused' ? { warn: true } : {}) },
      termsSeen: seenOf(...termsOf(about)),
      promiseSeen: seenOf(...promiseOf(about)),
    };
  },
};
const termsOf = ({ account: one }: Billed): unknown[] => [one?.billing_day, one?.terms_days, one?.credit_limit_cents];
const promiseOf = ({ account: one }: Billed): unknown[] => [one?.promised_until, one?.promise_note];

/** @throws Problem 404 */
async function open({ ctx, params }: { ctx: Context; params: { id: bigint } }): Promise<Billed> {
  const billed = await findBilled(ctx, params.id);
  if (!billed) throw notFound('That customer');
  return billed;
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
  ...formPages({
    ...customerPage,
    page: '/postpaid/customers/:id',
    post: '/postpaid/customers/:id/account',
    permission: 'postpaid.write',
    sees: 'postpaid.read',
    form: accountForm,
    open,
    seen: termsOf,
    async save({ credit_limit, ...terms }, { ctx, params }) {
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
  ...formPages({
    ...customerPage,
    post: '/postpaid/customers/:id/promise',
    permission: 'postpaid.promise',
    form: promiseForm,
    open,
    seen: promiseOf,
    async save({ until, note }, { ctx, params }) {
      if (!(await promisePayment(ctx, params.id, { until: until === '' ? null : until, note }))) throw gone();
      return back(params.id, 'promised');
    },
  }),
  ...formPages({
    ...customerPage,
    post: '/postpaid/customers/:id/write-off',
    permission: 'postpaid.write_off',
    form: writeOffForm,
    open,
    async save({ reason }, { ctx, params }) {
      await writeOffDebt(ctx, params.id, reason);
      return back(params.id, 'written_off');
    },
  }),
];
