import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound, tooMany } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { assignCustomer } from './assign-customer';
import { payoutApiRoutes } from './payouts/answers.routes';
import { findReseller, listResellers, listStock } from './queries';
import { createRule, endRule, listRules } from './save-rule';
import { changeReseller, createReseller, setSuspended, type ResellerOutcome } from './save-reseller';
import {
  newReseller,
  newRule,
  resellerAnswer,
  resellerChange,
  ruleAnswer,
  saleAnswer,
  saleInput,
  stockAnswer,
  stockInput,
  topUpInput,
  type Reseller,
} from './schema';
import { sellService } from './sell-service';
import { statementAnswer, statementOf } from './statement';
import { assignStock, markSold, sellCode, takeStockBack, type StockOutcome } from './stock';
import { topUpFloat } from './top-up-float';
import { noReseller, floatShort, suspendedReseller } from './refusals';

async function mustFind(ctx: Context, id: bigint): Promise<Reseller> {
  const found = await findReseller(ctx, id);
  if (!found) throw notFound('This reseller');
  return found;
}

function answer(outcome: ResellerOutcome): Reseller {
  switch (outcome.kind) {
    case 'done':
      return outcome.reseller;
    case 'not_found':
      throw notFound('This reseller');
    case 'changed_meanwhile':
      throw conflict('changed_meanwhile', `Somebody changed it; it is at version ${outcome.version}. Read it again.`);
    case 'credit_in_use':
      throw conflict(
        'credit_in_use',
        `The float stands at ${outcome.float_cents} cents, below the new limit. Take a top-up first, or allow more.`,
        { credit_limit_cents: 'is less than what is in use' },
      );
    case 'invalid':
      throw invalid(outcome.fields);
  }
}

function stockDone(outcome: StockOutcome): void {
  if (outcome.kind === 'not_found') throw notFound('This stock');
  if (outcome.kind === 'float_short') throw floatShort(outcome);
  if (outcome.kind === 'invalid') throw invalid(outcome.fields);
}

const period = z.object({ from: z.iso.datetime({ offset: true }), to: z.iso.datetime({ offset: true }) });
async function statement(ctx: Context, id: bigint, query: z.output<typeof period>) {
  const outcome = await statementOf(ctx, id, { from: new Date(query.from), to: new Date(query.to) });
  if (outcome.kind === 'not_found') throw notFound('This reseller');
  if (outcome.kind === 'too_long')
    throw invalid({ from: `this period has ${outcome.lines} lines; ask for a shorter one` });
  return outcome.statement;
}

const ofCompany = [
  route({
    method: 'GET',
    path: '/resellers',
    permission: 'resellers.read',
    summary: 'List resellers with their float and commission',
    query: listQuery.extend({ suspended: z.enum(['true', 'false']).optional() }),
    answer: z.object({ items: z.array(resellerAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) =>
      listResellers(ctx, {
        limit: query.limit,
        before: cursorId(query.cursor),
        suspended: query.suspended === undefined ? undefined : query.suspended === 'true',
      }),
  }),
  route({
    method: 'POST',
    path: '/resellers',
    permission: 'resellers.write',
    summary: 'Take in a reseller; invite their people as staff with the role reseller',
    body: newReseller,
    answer: resellerAnswer,
    run: async (ctx, { body }) => answer(await createReseller(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/resellers/:id',
    permission: 'resellers.read',
    summary: 'Show a reseller',
    answer: resellerAnswer,
    run: (ctx, { params }) => mustFind(ctx, params.id),
  }),
  route({
    method: 'PUT',
    path: '/resellers/:id',
    permission: 'resellers.write',
    summary: 'Change a reseller’s name, phone and credit limit; send the version that was read',
    body: resellerChange,
    answer: resellerAnswer,
    run: async (ctx, { params, body }) => answer(await changeReseller(ctx, params.id, body)),
  }),
  ...(['suspend', 'resume'] as const).map((verb) =>
    route({
      method: 'POST',
      path: `/resellers/:id/${verb}`,
      permission: 'resellers.write',
      summary: verb === 'suspend' ? 'Stop a reseller from selling' : 'Let a reseller sell again',
      status: 200,
      answer: resellerAnswer,
      run: async (ctx, { params }) => {
        if ((await setSuspended(ctx, params.id, verb === 'suspend')) === 'not_found') throw notFound('This reseller');
        return mustFind(ctx, params.id);
      },
    }),
  ),
  route({
    method: 'POST',
    path: '/resellers/:id/top-up',
    permission: 'resellers.float',
    summary: 'Put money into a reseller’s float: received by hand, or asked for on their phone by M-Pesa',
    body: topUpInput,
    answer: z.object({ payment_id: z.string(), waiting: z.boolean(), float_cents: z.int() }),
    run: async (ctx, { params, body }) => {
      const outcome = await topUpFloat(ctx, params.id, body);
      switch (outcome.kind) {
        case 'not_found':
          throw notFound('This reseller');
        case 'invalid':
          throw invalid(outcome.fields);
        case 'too_soon':
          throw tooMany(outcome.wait_s, `This phone was prompted a moment ago. Try again in ${outcome.wait_s} s.`);
        case 'duplicate':
          throw conflict('duplicate_reference', `This receipt is booked already, as payment ${outcome.existing}.`);
        case 'done':
          return {
            payment_id: outcome.paymentId.toString(),
            waiting: outcome.waiting,
            float_cents: (await mustFind(ctx, params.id)).float_cents,
          };
      }
    },
  }),
  route({
    method: 'POST',
    path: '/resellers/:id/customers',
    permission: 'resellers.write',
    summary: 'Hand a customer to a reseller',
    status: 204,
    body: z.object({ client_id: idField }),
    run: async (ctx, { params, body }) => {
      const outcome = await assignCustomer(ctx, body.client_id, params.id);
      if (outcome === 'no_reseller') throw notFound('This reseller');
      if (outcome === 'no_customer') throw invalid({ client_id: 'is no client of yours; list /api/clients' });
      if (outcome === 'own_account') throw invalid({ client_id: 'is a reseller’s own account' });
    },
  }),
  route({
    method: 'GET',
    path: '/resellers/:id/stock',
    permission: 'resellers.read',
    summary: 'Show a reseller’s voucher stock: sold, used and left, batch by batch',
    answer: z.array(stockAnswer),
    run: async (ctx, { params }) => {
      await mustFind(ctx, params.id);
      return listStock(ctx, params.id);
    },
  }),
  route({
    method: 'POST',
    path: '/resellers/:id/stock',
    permission: 'resellers.float',
    summary:
      'Hand a voucher batch, or so many codes of it, to a reseller at a wholesale price, charged now or code by code as they are sold',
    answer: z.array(stockAnswer),
    body: stockInput,
    run: async (ctx, { params, body }) => {
      stockDone(await assignStock(ctx, params.id, body));
      return listStock(ctx, params.id);
    },
  }),
  route({
    method: 'POST',
    path: '/resellers/:id/stock/:batch_id/take-back',
    permission: 'resellers.float',
    summary:
      'Take back the codes that were not sold or used: those paid for in advance are void and paid back into the float, others are the company’s again',
    status: 200,
    answer: z.array(stockAnswer),
    run: async (ctx, { params }) => {
      stockDone(await takeStockBack(ctx, params.id, params.batch_id));
      return listStock(ctx, params.id);
    },
  }),
  route({
    method: 'GET',
    path: '/resellers/:id/statement',
    permission: 'resellers.read',
    summary: 'Show the entries of a reseller’s float and commission in a period, with what stood before and after',
    query: period,
    answer: statementAnswer,
    run: (ctx, { params, query }) => statement(ctx, params.id, query),
  }),
];

const rules = [
  route({
    method: 'GET',
    path: '/resellers/rules',
    permission: 'resellers.read',
    summary: 'List the commission rules that hold; all=true with those that have ended',
    query: z.object({ reseller_id: idField.optional(), all: z.enum(['true', 'false']).default('false') }),
    answer: z.object({ items: z.array(ruleAnswer), nextCursor: z.null() }),
    run: async (ctx, { query }) => ({
      items: await listRules(ctx, { reseller_id: query.reseller_id, all: query.all === 'true' }),
      nextCursor: null,
    }),
  }),
  route({
    method: 'POST',
    path: '/resellers/rules',
    permission: 'resellers.write',
    summary: 'Add a commission rule: percent or an amount a sale, from a day on',
    body: newRule,
    answer: z.array(ruleAnswer),
    run: async (ctx, { body }) => {
      const outcome = await createRule(ctx, body);
      if (outcome.kind === 'invalid') throw invalid(outcome.fields);
      return listRules(ctx, {});
    },
  }),
  route({
    method: 'DELETE',
    path: '/resellers/rules/:id',
    permission: 'resellers.write',
    summary: 'End a commission rule; what was sold keeps what it earned',
    run: async (ctx, { params }) => {
      if ((await endRule(ctx, params.id)) === 'not_found') throw notFound('This rule');
    },
  }),
];

const own = [
  route({
    method: 'GET',
    path: '/resellers/own',
    permission: 'resellers.sell',
    summary: 'Show the reseller that you work for: float, credit, commission',
    answer: resellerAnswer,
    run: (ctx) => mustBeOwn(ctx),
  }),
  route({
    method: 'POST',
    path: '/resellers/own/sales',
    permission: 'resellers.sell',
    summary: 'Sell a package to a phone, or the next validity of a service, out of your float',
    body: saleInput,
    answer: saleAnswer,
    run: async (ctx, { body }) => {
      const outcome = await sellService(ctx, body);
      switch (outcome.kind) {
        case 'done':
          return outcome.sale;
        case 'no_reseller':
          throw noReseller();
        case 'suspended':
          throw suspendedReseller();
        case 'float_short':
          throw floatShort(outcome);
        case 'refused':
          throw conflict(outcome.code, outcome.message);
        case 'invalid':
          throw invalid(outcome.fields);
      }
    },
  }),
  route({
    method: 'GET',
    path: '/resellers/own/stock',
    permission: 'resellers.sell',
    summary: 'Show your voucher stock',
    answer: z.array(stockAnswer),
    run: async (ctx) => listStock(ctx, BigInt((await mustBeOwn(ctx)).id)),
  }),
  route({
    method: 'POST',
    path: '/resellers/own/stock/:id/sell',
    permission: 'resellers.sell',
    summary: 'Sell the next code of a batch; the float pays for it now where that was not done in advance',
    answer: z.object({ code: z.string(), wholesale_cents: z.int(), float_cents: z.int() }),
    run: async (ctx, { params }) => {
      const outcome = await sellCode(ctx, params.id);
      switch (outcome.kind) {
        case 'done':
          return { code: outcome.code, wholesale_cents: outcome.wholesale_cents, float_cents: outcome.float_cents };
        case 'no_reseller':
          throw notFound('This stock');
        case 'suspended':
          throw suspendedReseller();
        case 'none_left':
          throw notFound('A code of this stock');
        case 'float_short':
          throw floatShort(outcome);
      }
    },
  }),
  route({
    method: 'POST',
    path: '/resellers/own/stock/mark-sold',
    permission: 'resellers.sell',
    summary: 'Mark a printed code of your stock as sold: it is its buyer’s, also when the rest is taken back',
    status: 200,
    body: z.object({ code: z.string().trim().min(1).max(40) }),
    answer: z.object({ outcome: z.enum(['done', 'sold', 'used', 'over']) }),
    run: async (ctx, { body }) => {
      const outcome = await markSold(ctx, body.code);
      if (outcome === 'no_reseller') throw noReseller();
      if (outcome === 'suspended') throw suspendedReseller();
      if (outcome === 'unknown') throw invalid({ code: 'is no code of your printed stock' });
      return { outcome };
    },
  }),
  route({
    method: 'GET',
    path: '/resellers/own/statement',
    permission: 'resellers.sell',
    summary: 'Show your own statement for a period',
    query: period,
    answer: statementAnswer,
    run: async (ctx, { query }) => statement(ctx, BigInt((await mustBeOwn(ctx)).id), query),
  }),
];

async function mustBeOwn(ctx: Context): Promise<Reseller> {
  if (ctx.actor.reseller === undefined) throw noReseller();
  const found = await findReseller(ctx, ctx.actor.reseller);
  if (!found) throw noReseller();
  return found;
}

export const apiRoutes = [...ofCompany, ...rules, ...payoutApiRoutes, ...own];
