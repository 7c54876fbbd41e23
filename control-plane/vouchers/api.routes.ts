import { z } from 'zod';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { codesAtOnce, createBatch } from './create-batch';
import { findBatch, listBatches, listVouchers } from './queries';
import { redeemVoucher } from './redeem-voucher';
import { batchAnswer, newBatch, redeemInput, voucherAnswer, voucherStates } from './schema';
import { sheetApi } from './sheets/api.routes';
import { voidBatch } from './void-batch';

const vouchersAnswer = z.object({ items: z.array(voucherAnswer), nextCursor: z.string().nullable() });

const batches = [
  route({
    method: 'GET',
    path: '/vouchers/batches',
    permission: 'vouchers.read',
    summary: 'List voucher batches with how many are used',
    query: listQuery,
    answer: z.object({ items: z.array(batchAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) => listBatches(ctx, { limit: query.limit, before: cursorId(query.cursor) }),
  }),
  route({
    method: 'POST',
    path: '/vouchers/batches',
    permission: 'vouchers.write',
    summary: 'Make a batch of vouchers; each begins when somebody first goes online with it',
    body: newBatch,
    answer: batchAnswer,
    run: async (ctx, { body }) => {
      const outcome = await createBatch(ctx, body);
      if (outcome.kind === 'invalid') throw invalid(outcome.fields);
      return outcome.codes.length > 0 ? { ...outcome.batch, codes: outcome.codes } : outcome.batch;
    },
  }),
  route({
    method: 'GET',
    path: '/vouchers/batches/:id',
    permission: 'vouchers.read',
    summary: 'Show a voucher batch',
    answer: batchAnswer,
    run: async (ctx, { params }) => {
      const batch = await findBatch(ctx, params.id);
      if (!batch) throw notFound('This voucher batch');
      return batch;
    },
  }),
  route({
    method: 'GET',
    path: '/vouchers/batches/:id/codes',
    permission: 'vouchers.read',
    summary: 'Read the codes of a batch, page by page',
    query: listQuery.extend({ limit: z.coerce.number().int().min(1).max(codesAtOnce).default(codesAtOnce) }),
    answer: vouchersAnswer,
    run: async (ctx, { params, query }) => {
      if (!(await findBatch(ctx, params.id))) throw notFound('This voucher batch');
      return listVouchers(ctx, { batch_id: params.id, limit: query.limit, cursor: query.cursor });
    },
  }),
  route({
    method: 'POST',
    path: '/vouchers/batches/:id/void',
    permission: 'vouchers.write',
    summary: 'Make the unused codes of a batch worthless',
    status: 200,
    answer: batchAnswer,
    run: async (ctx, { params }) => {
      if ((await voidBatch(ctx, params.id)) === 'not_found') throw notFound('This voucher batch');
      return findBatch(ctx, params.id);
    },
  }),
];

const vouchers = [
  route({
    method: 'GET',
    path: '/vouchers',
    permission: 'vouchers.read',
    summary: 'Find vouchers by code, batch or state',
    query: listQuery.extend({
      code: z.string().max(64).optional(),
      batch_id: idField.optional(),
      state: z.enum(voucherStates).optional(),
    }),
    answer: vouchersAnswer,
    run: (ctx, { query }) => listVouchers(ctx, { ...query, code: query.code ?? (query.q || undefined) }),
  }),
  route({
    method: 'POST',
    path: '/vouchers/redeem',
    permission: 'vouchers.write',
    summary: 'Begin a voucher without a login; its code is the username from then on',
    body: redeemInput,
    answer: voucherAnswer,
    run: async (ctx, { body }) => {
      const outcome = await redeemVoucher(ctx, body.code);
      switch (outcome.kind) {
        case 'done':
          return outcome.voucher;
        case 'unknown':
          throw invalid({ code: 'is no voucher of yours' });
        case 'mistyped':
          throw invalid({ code: 'has a wrong character: no voucher ends like this; read it again' });
        case 'used':
          throw conflict('already_used', `This voucher was first used at ${outcome.voucher.used_at}.`);
        case 'void':
          throw conflict('is_void', 'The batch of this voucher was made worthless. Sell another one.');
        case 'expired':
          throw conflict('is_expired', 'The last day of this voucher is over. Sell another one.');
        case 'name_taken':
          throw conflict('username_taken', 'A customer has this code as their username. Sell another voucher.');
      }
    },
  }),
];

export const apiRoutes = [...batches, ...sheetApi, ...vouchers];
