import { z } from 'zod';
import type { Context } from '../platform/context';
import { seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formatCount, formatMoney, formPages } from '../ui';
import { findBatch, lastDay } from '../vouchers';
import { listStock, ownReseller } from './queries';
import type { Reseller, Stock } from './schema';
import { markSold } from './stock';

interface About {
  own: Reseller;
  stock: Stock;
  until: string | null;
}

/** A batch of the reseller's own. @throws Problem 404 for anybody else's */
async function openStock({ ctx, params }: { ctx: Context; params: { id: bigint } }): Promise<About> {
  const own = await ownReseller(ctx);
  const stock = own && (await listStock(ctx, BigInt(own.id))).find((one) => one.batch_id === params.id.toString());
  if (!own || !stock) throw notFound('That stock');
  const batch = stock.charged === 'assignment' ? await findBatch(ctx, params.id) : undefined;
  return { own, stock, until: batch?.valid_until ?? null };
}

/** What a reseller does with their stock: the next code, and printed ones that were sold. */
export const stockRoutes: PageRoute[] = formPages({
  slice: 'resellers',
  view: 'resellers/stock',
  page: '/resellers/own/stock/:id',
  post: '/resellers/own/stock/:id/mark',
  permission: 'resellers.sell',
  form: z.object({ mark_code: z.string().trim().min(1).max(40) }),
  told: ['marked'],
  open: openStock,
  draw({ field }, { about: { own, stock, until }, reader, t }) {
    const { locale } = reader;
    const open = stock.state === 'open' && own.state === 'active';
    const path = `/resellers/own/stock/${stock.batch_id}`;
    return {
      title: stock.package_name,
      price: formatMoney(stock.price_cents, stock.currency, locale),
      left: formatCount(stock.remaining, locale),
      sold: formatCount(stock.sold, locale),
      used: formatCount(stock.used, locale),
      count: formatCount(stock.count, locale),
      until: stock.charged === 'assignment' ? lastDay(until, reader) || t('vouchers.no_last_day') : '',
      suspended: own.state === 'suspended' ? t('resellers.suspended_told') : '',
      next: open && {
        action: path,
        button:
          stock.charged === 'sale'
            ? t('resellers.sell_code', { amount: formatMoney(stock.wholesale_cents, stock.currency, locale) })
            : t('resellers.stock_next'),
        pays: stock.charged === 'sale',
      },
      print: stock.charged === 'assignment' && `/vouchers/batches/${stock.batch_id}`,
      mark: open &&
        stock.charged === 'assignment' && {
          action: `${path}/mark`,
          code: field('mark_code', {
            required: true,
            max: 40,
            autocomplete: 'off',
            help: t('resellers.mark_help'),
          }),
        },
    };
  },
  async save({ mark_code }, { ctx, params, about, t }) {
    const outcome = about.stock.charged === 'assignment' ? await markSold(ctx, mark_code) : 'unknown';
    switch (outcome) {
      case 'done':
        return seeOther(`/resellers/own/stock/${params.id}?told=marked`);
      case 'no_reseller':
        throw notFound('That stock');
      case 'suspended':
        return { kind: 'refused', title: t('resellers.suspended_told') };
      case 'sold':
      case 'used':
      case 'over':
      case 'unknown':
        return { kind: 'refused', errors: { mark_code: t(`resellers.mark_code_${outcome}`) } };
    }
  },
});
