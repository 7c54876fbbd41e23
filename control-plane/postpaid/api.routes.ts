import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { Reply, route } from '../platform/http/route';
import { LOCALES } from '../platform/i18n';
import { findSubscription, subscriptionAnswer, type Outcome, type Subscription } from '../subscriptions';
import { readerOf } from '../ui';
import { changeAccount, promisePayment, unparkAccount } from './change-account';
import { findAccount, listAccounts, listDebts, listRuns, openInvoices } from './queries';
import {
  accountAnswer,
  accountInput,
  debtAnswer,
  debtFilters,
  openInvoiceAnswer,
  promiseInput,
  runAnswer,
  settingInput,
  startInput,
  statementAnswer,
  statementQuery,
  stopInput,
  writeOffInput,
} from './schema';
import { saveSetting, settingOf } from './settings';
import { startPostpaid, stopPostpaid } from './start-postpaid';
import { statementOf } from './statement';
import { statementPdf } from './statement-pdf';
import { writeOffDebt } from './write-off-debt';

const gone = () => notFound('This account for bills');
const wholeAccount = accountAnswer.extend({ open: z.array(openInvoiceAnswer) });
const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

async function mustFind(ctx: Context, id: bigint): Promise<z.output<typeof wholeAccount>> {
  const account = await findAccount(ctx, id);
  if (!account) throw gone();
  return { ...account, open: await openInvoices(ctx, id) };
}

async function answerOf(ctx: Context, id: bigint, outcome: Outcome): Promise<Subscription> {
  switch (outcome.kind) {
    case 'not_found':
      throw invalid({ subscription_id: 'is no subscription of yours; list /api/subscriptions' });
    case 'refused':
      throw conflict(outcome.code, outcome.message);
    case 'invalid':
      throw invalid(outcome.fields);
    case 'done': {
      const found = await findSubscription(ctx, id);
      if (!found) throw notFound('This subscription');
      return found;
    }
  }
}

const settingAnswer = settingInput.extend({ version: z.int() });

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/postpaid/accounts',
    permission: 'postpaid.read',
    summary: 'List customers who are billed after each month',
    query: listQuery.extend({ parked: z.enum(['true', 'false']).optional() }),
    answer: list(accountAnswer),
    run: (ctx, { query: { q, limit, cursor, parked } }) =>
      listAccounts(ctx, { q, limit, parked: parked === 'true', before: cursorId(cursor) }),
  }),
  route({
    method: 'POST',
    path: '/postpaid/accounts',
    permission: 'postpaid.write',
    summary: 'Bill a subscription after each month from now on',
    body: startInput,
    answer: subscriptionAnswer,
    run: async (ctx, { body: { subscription_id, ...input } }) =>
      answerOf(ctx, subscription_id, await startPostpaid(ctx, subscription_id, input)),
  }),
  route({
    method: 'POST',
    path: '/postpaid/stop',
    permission: 'postpaid.write',
    summary: 'Make a subscription prepaid again: what ran so far is on the next bill',
    body: stopInput,
    answer: subscriptionAnswer,
    run: async (ctx, { body: { subscription_id } }) =>
      answerOf(ctx, subscription_id, await stopPostpaid(ctx, subscription_id)),
  }),
  route({
    method: 'GET',
    path: '/postpaid/accounts/:id',
    permission: 'postpaid.read',
    summary: 'Show a customer’s account for bills with the invoices that are not paid whole',
    answer: wholeAccount,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'PATCH',
    path: '/postpaid/accounts/:id',
    permission: 'postpaid.write',
    summary: 'Change when a customer is billed, their terms, or how much they may owe',
    body: accountInput,
    answer: wholeAccount,
    async run(ctx, { params, body }) {
      if (!(await changeAccount(ctx, params.id, body))) throw gone();
      return mustFind(ctx, params.id);
    },
  }),
  route({
    method: 'POST',
    path: '/postpaid/accounts/:id/unpark',
    permission: 'postpaid.write',
    summary: 'Let a parked account be billed again; anyway: let its next bill pass the bounds',
    body: z.object({ anyway: z.boolean().default(false) }),
    answer: wholeAccount,
    async run(ctx, { params, body }) {
      const account = await mustFind(ctx, params.id);
      if (!(await unparkAccount(ctx, params.id, body.anyway)))
        throw conflict('not_parked', `The account of ${account.client_name} is not parked: it is billed by itself.`);
      return mustFind(ctx, params.id);
    },
  }),
  route({
    method: 'POST',
    path: '/postpaid/accounts/:id/promise',
    permission: 'postpaid.promise',
    summary: 'Note that a customer will pay by a day: nothing is shut until it is over',
    body: promiseInput,
    answer: wholeAccount,
    async run(ctx, { params, body }) {
      if (!(await promisePayment(ctx, params.id, body))) throw gone();
      return mustFind(ctx, params.id);
    },
  }),
  route({
    method: 'POST',
    path: '/postpaid/accounts/:id/write-off',
    permission: 'postpaid.write_off',
    summary: 'Give up all that a customer owes',
    body: writeOffInput,
    answer: wholeAccount,
    async run(ctx, { params, body }) {
      const account = await mustFind(ctx, params.id);
      if (account.open.length === 0) throw conflict('nothing_owed', `${account.client_name} owes nothing.`);
      await writeOffDebt(ctx, params.id, body.reason);
      return mustFind(ctx, params.id);
    },
  }),
  route({
    method: 'GET',
    path: '/postpaid/accounts/:id/statement',
    permission: 'postpaid.read',
    summary: 'Show what was charged to a customer and what was paid',
    query: statementQuery,
    answer: statementAnswer,
    async run(ctx, { params, query }, person) {
      const statement = await statementOf(ctx, params.id, query, person.tenant.timezone);
      if (!statement) throw gone();
      return statement;
    },
  }),
  route({
    method: 'GET',
    path: '/postpaid/accounts/:id/statement.pdf',
    permission: 'postpaid.read',
    summary: 'Take a statement as PDF',
    media: 'application/pdf',
    query: statementQuery.extend({ lang: z.enum(LOCALES).default('en') }),
    async run(ctx, { params, query }, person) {
      const { timezone, currency, name } = person.tenant;
      const statement = await statementOf(ctx, params.id, query, timezone);
      if (!statement) throw gone();
      const reader = readerOf({ locale: query.lang, zone: timezone, nowMs: ctx.now.getTime(), currency });
      return new Reply(200, await statementPdf(ctx, statement, name, reader), {
        'content-type': 'application/pdf',
        'content-disposition': `inline; filename="statement-${params.id}-${statement.to}.pdf"`,
      });
    },
  }),
  route({
    method: 'GET',
    path: '/postpaid/runs',
    permission: 'postpaid.read',
    summary: 'List the runs of billing, with how far they are',
    query: listQuery,
    answer: list(runAnswer),
    run: (ctx, { query }) => listRuns(ctx, { limit: query.limit, before: cursorId(query.cursor) }),
  }),
  route({
    method: 'GET',
    path: '/postpaid/debts',
    permission: 'postpaid.read',
    summary: 'List who owes what since when',
    query: debtFilters,
    answer: list(debtAnswer),
    run: (ctx, { query: { q, limit, cursor, overdue } }) =>
      listDebts(ctx, { q, limit, overdue: overdue === 'true', before: cursorId(cursor) }),
  }),
  route({
    method: 'GET',
    path: '/postpaid/settings',
    permission: 'postpaid.settings',
    summary: 'Show how the company bills after each month',
    answer: settingAnswer,
    run: (ctx) => settingOf(ctx),
  }),
  route({
    method: 'PUT',
    path: '/postpaid/settings',
    permission: 'postpaid.settings',
    summary: 'Say how the company bills after each month',
    body: settingInput,
    answer: settingAnswer,
    async run(ctx, { body }) {
      await saveSetting(ctx, body);
      return settingOf(ctx);
    },
  }),
];
