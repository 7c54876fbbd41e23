import { z } from 'zod';
import { systemActor, type Context } from '../platform/context';
import { publicPage, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import { companyPhone } from '../subscribers';
import { fieldsOf, formatMoment, formErrors, type Reader } from '../ui';
import { askAgain } from './ask-again';
import { assignMoney } from './book-money';
import { findCompany, readerOfWeb, serviceOf, waitFor, type Claim, type Company } from './company-page';
import { doneRoutes } from './done.routes';
import { findAccount } from './find-owner';
import { isPayer, readPayer } from './msisdn';
import { payRoutes } from './pay.routes';

interface Shown {
  values?: Record<string, string>;
  errors?: Record<string, string>;
  told?: { text: string; warn?: boolean };
}

function page(reader: Reader, company: Company, web: Web, { values = {}, errors = {}, told }: Shown): PageResult {
  const { t } = reader;
  const field = fieldsOf('payments', values, errors, reader);
  return view(
    'payments/claim',
    {
      layout: 'customer',
      company: company.name,
      title: t('payments.claim_title'),
      about: t('payments.claim_about', { company: company.name }),
      path: web.path,
      papers: web.path.replace('/payments/claim/', '/documents/'),
      told,
      errors: formErrors(errors),
      receipt: field('receipt', { max: 20, autocomplete: 'off', help: t('payments.receipt_help') }),
      phone: field('phone', {
        type: 'tel',
        mode: 'tel',
        max: 20,
        required: true,
        autocomplete: 'tel',
        help: t('payments.claim_phone_help'),
      }),
    },
    Object.keys(errors).length > 0 ? { status: 422 } : {},
  );
}

/** The state of what was claimed, and money that waits given to its payer: who knows the receipt and the number that paid it is its payer. */
async function look(ctx: Context, receipt: string, phone: string): Promise<Claim> {
  const [notice] =
    receipt === ''
      ? []
      : await ctx.tx.$queryRaw<
          {
            id: bigint;
            state: string;
            payer: string | null;
            payment_id: bigint | null;
            amount_cents: bigint;
            currency: string;
          }[]
        >`
    SELECT n.id, n.state, n.payer, n.payment_id, n.amount_cents, n.currency
    FROM payment_told(NULL, ARRAY[${receipt}::text]) t JOIN payment_notice n ON n.id = t.id ORDER BY n.id LIMIT 1`;
  if (notice?.state === 'credited') return serviceOf(ctx, notice.payment_id);
  if (notice?.state === 'waiting' && isPayer(readPayer(notice.payer ?? ''), phone) === true) {
    const account = await findAccount(ctx, phone, notice.amount_cents, notice.currency);
    const assigned = account && (await assignMoney(ctx, notice.id, account, 'claimed by its payer'));
    if (assigned?.kind === 'credited') return serviceOf(ctx, assigned.paymentId);
  }
  if (notice) return { kind: 'held' };
  const [last] = await ctx.tx.$queryRaw<{ id: bigint; state: string; due: boolean }[]>`
    SELECT id, state, due_at IS NOT NULL AND due_at <= lango_now() AS due FROM payment
    WHERE tenant_id = ${ctx.tenantId} AND phone = ${phone} AND account_ref IS NOT NULL AND created_at > lango_now() - interval '48 hours' ORDER BY (state = 'settled') DESC, id DESC LIMIT 1`;
  if (last?.state === 'settled') {
    const service = await serviceOf(ctx, last.id);
    // Anybody may type a number: until when it is paid is for those who know the receipt.
    return service.until === null ? service : { kind: 'on' };
  }
  return last?.state === 'failed' && !last.due ? { kind: 'failed' } : { kind: 'unknown' };
}

function toldOf(claim: Claim, reader: Reader): { text: string; warn?: boolean } {
  const { t } = reader;
  if (claim.kind === 'paid')
    return {
      text: claim.until
        ? t('payments.claim_paid', { until: formatMoment(claim.until, reader) })
        : t('payments.claim_booked'),
    };
  return { text: t(`payments.claim_${claim.kind}`), warn: claim.kind !== 'on' };
}

export const pageRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/payments/claim/:company',
    async run(call, { params }, web) {
      const company = await findCompany(call, params.company);
      return page(readerOfWeb(web, company), company, web, {});
    },
  }),
  publicPage({
    method: 'POST',
    path: '/payments/claim/:company',
    form: z.object({ receipt: z.string().trim().max(40).default(''), phone: z.string().trim().min(1).max(40) }),
    async run(call, { params, form }, web) {
      const company = await findCompany(call, params.company);
      const reader = readerOfWeb(web, company);
      const values = form.ok ? form.value : form.values;
      const opening = { tenantId: company.id, actor: systemActor('claim'), requestId: call.requestId };
      const inTenant = <T>(work: (ctx: Context) => Promise<T>) => call.db.inTenant(opening, work);
      const phone = form.ok ? await inTenant((ctx) => companyPhone(ctx, form.value.phone)) : undefined;
      if (phone === undefined)
        return page(reader, company, web, { values, errors: { phone: reader.t('payments.phone_needed') } });
      const receipt = (values['receipt'] ?? '')
        .toUpperCase()
        .replaceAll(/[^A-Z0-9]/g, '')
        .slice(0, 20);
      let claim = await inTenant((ctx) => look(ctx, receipt, phone));
      if (claim.kind === 'unknown' || claim.kind === 'failed') {
        await inTenant((ctx) => askAgain(ctx, phone));
        claim = await waitFor(claim, ['unknown', 'failed'], () => inTenant((ctx) => look(ctx, receipt, phone)));
      }
      return page(reader, company, web, { values, told: toldOf(claim, reader) });
    },
  }),
  ...doneRoutes,
  ...payRoutes,
];
