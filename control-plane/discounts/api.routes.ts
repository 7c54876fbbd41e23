import { z } from 'zod';
import { cursorId, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound } from '../platform/http/problem';
import { route } from '../platform/http/route';
import { claimCoupon } from './claim-coupon';
import { findDiscount, listDiscounts } from './queries';
import { archiveDiscount, changeDiscount, createDiscount, type DiscountOutcome } from './save-discount';
import { discountAnswer, newDiscount, type Discount } from './schema';

function answer(outcome: DiscountOutcome): Discount {
  switch (outcome.kind) {
    case 'done':
      return outcome.discount;
    case 'not_found':
      throw notFound('This discount');
    case 'code_taken':
      throw conflict('code_taken', 'Another coupon has this code. Choose another, or take that one away first.', {
        code: 'is another coupon’s',
      });
    case 'changed_meanwhile':
      throw conflict('changed_meanwhile', `Somebody changed it; it is at version ${outcome.version}. Read it again.`);
    case 'invalid':
      throw invalid(outcome.fields);
  }
}

const claimAnswer = z.object({
  subscription_id: z.string(),
  discount_id: z.string(),
  name: z.string(),
  list_cents: z.int(),
  off_cents: z.int(),
  price_cents: z.int(),
});

export const apiRoutes = [
  route({
    method: 'GET',
    path: '/discounts',
    permission: 'discounts.read',
    summary: 'List discounts: promotions and coupons',
    query: listQuery.extend({ archived: z.enum(['true', 'false']).optional() }),
    answer: z.object({ items: z.array(discountAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query }) =>
      listDiscounts(ctx, {
        limit: query.limit,
        before: cursorId(query.cursor),
        archived: query.archived === 'true',
        ...(query.q ? { code: query.q.toUpperCase() } : {}),
      }),
  }),
  route({
    method: 'POST',
    path: '/discounts',
    permission: 'discounts.write',
    summary: 'Add a promotion, or with a code a coupon',
    body: newDiscount,
    answer: discountAnswer,
    run: async (ctx, { body }) => answer(await createDiscount(ctx, body)),
  }),
  route({
    method: 'GET',
    path: '/discounts/:id',
    permission: 'discounts.read',
    summary: 'Show a discount',
    answer: discountAnswer,
    run: async (ctx, { params }) => {
      const found = await findDiscount(ctx, params.id);
      if (!found) throw notFound('This discount');
      return found;
    },
  }),
  route({
    method: 'PUT',
    path: '/discounts/:id',
    permission: 'discounts.write',
    summary: 'Change a discount from the next purchase on; send the version that was read',
    body: newDiscount.safeExtend({ version: z.int().min(1) }),
    answer: discountAnswer,
    run: async (ctx, { params, body }) => answer(await changeDiscount(ctx, params.id, body.version, body)),
  }),
  route({
    method: 'DELETE',
    path: '/discounts/:id',
    permission: 'discounts.write',
    summary: 'Take a discount away; what was bought with it stays',
    run: async (ctx, { params }) => {
      if ((await archiveDiscount(ctx, params.id)) === 'not_found') throw notFound('This discount');
    },
  }),
  route({
    method: 'POST',
    path: '/subscriptions/:id/coupon',
    permission: 'discounts.claim',
    summary: 'Give a subscription a coupon by its code, for its next purchases',
    status: 200,
    body: z.object({ code: z.string().max(64) }),
    answer: claimAnswer,
    run: async (ctx, { params, body }) => {
      const outcome = await claimCoupon(ctx, params.id, body.code);
      switch (outcome.kind) {
        case 'not_found':
          throw notFound('This subscription');
        case 'unknown':
          throw invalid({ code: 'is no coupon of yours' });
        case 'no_use':
          throw conflict(
            'coupon_no_use',
            'This coupon changes nothing here: it is over or used up, not for this package, or another discount leaves off more.',
          );
        case 'done':
          return {
            subscription_id: params.id.toString(),
            discount_id: outcome.discount.id,
            name: outcome.discount.name,
            list_cents: Number(outcome.price.list_cents),
            off_cents: Number(outcome.price.off_cents),
            price_cents: Number(outcome.price.price_cents),
          };
      }
    },
  }),
];
