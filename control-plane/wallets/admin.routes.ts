import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, listQuery } from '../platform/http/input';
import { seeOther, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { normalizePhone } from '../subscribers';
import { listModel, listPages, type Asked } from '../tables';
import {
  fieldsOf,
  formatAmount,
  formatMoment,
  formatMoney,
  formPages,
  readDecimal,
  readerFor,
  type Column,
} from '../ui';
import { balancesOf, listMovements, type Movement } from './queries';
import { transferMoney } from './transfer-money';

const KINDS = new Set([
  'payment',
  'sale',
  'wallet_transfer',
  'debt_paid',
  'credit_note',
  'plan_change_credit',
  'refund',
]);

const columns: Column<Movement>[] = [
  {
    key: 'kind',
    label: 'wallets.what',
    isName: true,
    cell: (row, { t }) => ({
      first: t(KINDS.has(row.kind) ? `wallets.kind_${row.kind}` : 'wallets.kind_other'),
      second: row.about ?? '',
    }),
    csv: (row) => row.kind,
  },
  {
    key: 'amount',
    label: 'wallets.amount',
    num: true,
    card: 'card-end',
    cell: (row, { locale }) => ({
      first: `${row.amount_cents > 0 ? '+' : '−'}${formatAmount(Math.abs(row.amount_cents), locale)}`,
      second: row.currency,
    }),
    csv: (row) => (row.amount_cents / 100).toFixed(2),
  },
  {
    key: 'balance',
    label: 'wallets.balance',
    num: true,
    card: 'not-in-card',
    cell: (row, { locale }) => ({ first: formatAmount(row.balance_cents, locale) }),
    csv: (row) => (row.balance_cents / 100).toFixed(2),
  },
  {
    key: 'at',
    label: 'wallets.at',
    num: true,
    card: 'card-full',
    cell: (row, reader) => ({ first: formatMoment(new Date(row.at), reader) }),
    csv: (row) => row.at,
  },
];

type Query = z.output<typeof listQuery>;
const walletList = {
  list: 'wallets',
  path: '/wallets/:id' as const,
  permission: 'wallets.read' as const,
  view: 'wallets/wallet',
  query: listQuery,
  title: 'wallets.title',
  foot: 'wallets.foot',
  columns,
  scope: async (ctx: Context, { params }: Asked<'/wallets/:id', Query>) => {
    const customer = await ctx.tx.subscriber.findFirst({
      where: { id: params.id, deleted_at: null },
      select: { name: true },
    });
    if (!customer) throw notFound('That customer');
    return { id: params.id, name: customer.name };
  },
  page: (
    ctx: Context,
    scope: { id: bigint; name: string },
    { cursor, limit }: { cursor: string | undefined; limit: number },
  ) => listMovements(ctx, scope.id, { limit, before: cursorId(cursor) }),
  empty: ({ reader }: Asked<'/wallets/:id', Query>) => ({ text: reader.t('wallets.empty') }),
  model: (
    ctx: Context,
    { person, web }: Asked<'/wallets/:id', Query>,
    { scope }: { scope: { id: bigint; name: string } },
  ) => aboutWallet(ctx, person, scope, { told: web.query['told'] === 'moved' }),
};

interface Shown {
  told?: boolean;
  /** Of the form as it was sent; left out where nobody has. */
  field?: ReturnType<typeof fieldsOf>;
}

/** What stands above the list: whose wallet, what it holds, and the form. */
async function aboutWallet(
  ctx: Context,
  person: Person,
  { id, name }: { id: bigint; name: string },
  { told, field: typed }: Shown,
) {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const field = typed ?? fieldsOf('wallets', {}, {}, reader);
  const balances = await balancesOf(ctx, id);
  return {
    title: t('wallets.title_of', { name }),
    client: { name, href: `/subscribers/${id}` },
    action: `/wallets/${id}/transfer`,
    told: told && { text: t('wallets.told_moved') },
    balances: balances.map((one) => formatMoney(one.balance_cents, one.currency, locale)),
    payOut: person.actor.permissions.has('payments.refund') ? `/payments/pay-out/${id}` : '',
    move: person.actor.permissions.has('wallets.transfer') &&
      balances.some((one) => one.balance_cents > 0) && {
        phone: field('phone', { type: 'tel', required: true, help: t('wallets.phone_help') }),
        amount: field('amount', { mode: 'decimal', required: true, unit: person.tenant.currency }),
        reason: field('reason', { required: true, max: 300 }),
      },
  };
}

const transferForm = z.object({
  phone: z.string().trim().min(1).max(40),
  amount: z
    .string()
    .transform((text) => readDecimal(text, 2))
    .pipe(z.int().min(1).max(1_000_000_000_000)),
  reason: z.string().trim().min(3).max(300),
});

/** The one customer of that phone; undefined where there is none, or several. */
async function byPhone(ctx: Context, text: string, currency: string): Promise<bigint | undefined> {
  const phone = normalizePhone(text, currency);
  if (phone === undefined) return undefined;
  const found = await ctx.tx.subscriber.findMany({ where: { phone, deleted_at: null }, select: { id: true }, take: 2 });
  return found.length === 1 ? found[0]?.id : undefined;
}

/** Money moved to another customer's wallet; the form stands under the list. */
const transferPages = formPages({
  slice: 'wallets',
  view: 'wallets/wallet',
  post: '/wallets/:id/transfer',
  permission: 'wallets.transfer',
  word: 'wanted',
  form: transferForm,
  open: ({ params }) => params.id,
  async draw({ field }, { ctx, web, person, reader, about: id }) {
    const asked = { params: { id }, query: listQuery.parse({}), web, person, reader };
    const model = await listModel(walletList, ctx, asked, `/wallets/${id}`);
    const scope = await walletList.scope(ctx, asked);
    return { ...model, ...(await aboutWallet(ctx, person, scope, { field })) };
  },
  async save({ phone, amount, reason }, { ctx, params, person, reader: { t, locale } }) {
    const { currency } = person.tenant;
    const to = await byPhone(ctx, phone, currency);
    if (to === undefined) return { kind: 'refused', errors: { phone: t('wallets.phone_unknown') } };
    const outcome = await transferMoney(ctx, { from: params.id, to, amount_cents: BigInt(amount), currency, reason });
    switch (outcome.kind) {
      case 'done':
        return seeOther(`/wallets/${params.id}?told=moved`);
      case 'too_much':
        return {
          kind: 'refused',
          errors: {
            amount: t('wallets.too_much', { amount: formatMoney(outcome.balance_cents, currency, locale) }),
          },
        };
      case 'same':
      case 'no_receiver':
        return { kind: 'refused', errors: { phone: t('wallets.phone_same') } };
      case 'not_found':
        throw notFound('That customer');
    }
  },
});

export const pageRoutes: PageRoute[] = [...listPages(walletList), ...transferPages];
