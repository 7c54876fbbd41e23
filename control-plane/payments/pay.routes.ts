import { z } from 'zod';
import { systemActor, type Context } from '../platform/context';
import { publicPage, view, type PageResult, type PageRoute } from '../platform/http/page';
import { companyPhone } from '../subscribers';
import { fieldsOf, formErrors, type Reader } from '../ui';
import { findCompany, readerOfWeb, type Company } from './company-page';
import { findAccount } from './find-owner';
import type { ProviderName } from './provider';
import { providers } from './providers';
import { requestPayment } from './request-payment';

/** Prompts that one phone may leave unpaid within an hour, of those that this page asked for: a stranger can type any number. */
const UNPAID_MAX = 5;

/** What a wish to pay came to. Who is nobody's customer gets the same answer as who is one: the page tells nobody who buys where. */
type Asked =
  | { kind: 'rings'; phone: string }
  | { kind: 'too_soon'; phone: string; wait_s: number }
  | { kind: 'too_often' }
  | { kind: 'closed' }
  | { kind: 'wrong'; field: 'account' | 'phone'; word: 'pay_account_needed' | 'pay_phone_needed' };

/** The way by which this company can have a phone rung, the usual one first. */
async function ringer(ctx: Context): Promise<ProviderName | undefined> {
  const set = await ctx.tx.$queryRaw<{ provider: string }[]>`
    SELECT provider FROM payment_provider WHERE tenant_id = ${ctx.tenantId}`;
  return providers().find(({ rings, name }) => rings && set.some((one) => one.provider === name))?.name;
}

/** The service that somebody named by a phone, an account number or a login; of several the one that ends first. */
async function serviceNamed(ctx: Context, text: string): Promise<bigint | undefined> {
  const account = await findAccount(ctx, text, 0n, 'KES');
  if (!account || account.subscriptionId !== undefined) return account?.subscriptionId;
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    SELECT id FROM subscription WHERE tenant_id = ${ctx.tenantId} AND subscriber_id = ${account.subscriberId} AND status <> 'ended'
    ORDER BY expires_at NULLS FIRST, id LIMIT 1`;
  return row?.id;
}

async function unpaidLately(ctx: Context, phone: string): Promise<number> {
  const [row] = await ctx.tx.$queryRaw<{ n: number }[]>`
    SELECT count(*)::int AS n FROM payment WHERE tenant_id = ${ctx.tenantId} AND phone = ${phone} AND created_by IS NULL AND account_ref IS NOT NULL
      AND state <> 'settled' AND created_at > lango_now() - interval '1 hour'`;
  return row?.n ?? 0;
}

/** Has the phone rung for what the named service costs now. Nobody is called here; the queue does. */
async function askFor(ctx: Context, account: string, typed: string): Promise<Asked> {
  if (account === '') return { kind: 'wrong', field: 'account', word: 'pay_account_needed' };
  const phone = await companyPhone(ctx, typed === '' ? account : typed);
  if (phone === undefined || !/^\+254[17]\d{8}$/.test(phone))
    return { kind: 'wrong', field: 'phone', word: 'pay_phone_needed' };
  const provider = await ringer(ctx);
  if (!provider) return { kind: 'closed' };
  if ((await unpaidLately(ctx, phone)) >= UNPAID_MAX) return { kind: 'too_often' };
  const service = await serviceNamed(ctx, account);
  if (service === undefined) return { kind: 'rings', phone };
  const asked = await requestPayment(ctx, { subscription_id: service, phone, provider });
  return asked.kind === 'too_soon' ? { kind: 'too_soon', phone, wait_s: asked.wait_s } : { kind: 'rings', phone };
}

interface Shown {
  values?: Record<string, string>;
  errors?: Record<string, string>;
  told?: { text: string; warn?: boolean };
  /** The phone that rings now. */
  rings?: string;
}

function page(
  reader: Reader,
  company: Company,
  slug: string,
  { values = {}, errors = {}, told, rings }: Shown,
): PageResult {
  const { t } = reader;
  const field = fieldsOf('payments', values, errors, reader);
  const wrong = Object.keys(errors).length > 0;
  return view(
    'payments/pay',
    {
      layout: 'customer',
      company: company.name,
      title: t('payments.pay_title'),
      about: t('payments.pay_about', { company: company.name }),
      path: `/payments/pay/${slug}`,
      claim: `/payments/claim/${slug}`,
      papers: rings === undefined ? `/documents/${slug}` : '',
      told,
      rings,
      errors: formErrors(errors),
      account: field('account', {
        label: t('payments.pay_account'),
        max: 128,
        required: true,
        autocomplete: 'tel',
        help: t('payments.pay_account_help', { company: company.name }),
      }),
      phone: field('phone', {
        label: t('payments.pay_phone'),
        type: 'tel',
        mode: 'tel',
        max: 20,
        autocomplete: 'off',
        help: t('payments.pay_phone_help'),
      }),
    },
    wrong ? { status: 422 } : {},
  );
}

function shownOf(asked: Asked, company: Company, { t }: Reader): Shown {
  switch (asked.kind) {
    case 'rings':
      return { told: { text: t('payments.pay_rings', { phone: asked.phone }) }, rings: asked.phone };
    case 'too_soon':
      return {
        told: { text: t('payments.pay_too_soon', { count: asked.wait_s }), warn: true },
        rings: asked.phone,
      };
    case 'too_often':
      return { told: { text: t('payments.pay_too_often', { company: company.name }), warn: true } };
    case 'closed':
      return { told: { text: t('payments.pay_closed', { company: company.name }), warn: true } };
    case 'wrong':
      return { errors: { [asked.field]: t(`payments.${asked.word}`) } };
  }
}

/** Where a customer pays without anybody's help: they name their account, and a phone rings. */
export const payRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/payments/pay/:company',
    async run(call, { params }, web) {
      const company = await findCompany(call, params.company);
      return page(readerOfWeb(web, company), company, params.company, {});
    },
  }),
  publicPage({
    method: 'POST',
    path: '/payments/pay/:company',
    weight: 'costly',
    form: z.object({
      account: z.string().trim().max(128).default(''),
      phone: z.string().trim().max(40).default(''),
    }),
    async run(call, { params, form }, web) {
      const company = await findCompany(call, params.company);
      const reader = readerOfWeb(web, company);
      const values = form.ok ? form.value : form.values;
      const opening = { tenantId: company.id, actor: systemActor('pay-page'), requestId: call.requestId };
      const asked = await call.db.inTenant(opening, (ctx) =>
        askFor(ctx, values['account'] ?? '', values['phone'] ?? ''),
      );
      return page(reader, company, params.company, { values, ...shownOf(asked, company, reader) });
    },
  }),
];
