import { z } from 'zod';
import { systemActor, type Context } from '../platform/context';
import { publicPage, view, type PageRoute } from '../platform/http/page';
import { formatMoment } from '../ui';
import { findCompany, readerOfWeb, serviceOf, waitFor, type Claim } from './company-page';

interface Order {
  id: bigint;
  state: string;
  subscription_id: bigint | null;
}

/** By the provider's own name for the page, which nobody can guess. */
async function orderOf(ctx: Context, ref: string): Promise<Order | undefined> {
  const [row] = await ctx.tx.$queryRaw<Order[]>`
    SELECT id, state, subscription_id FROM payment WHERE tenant_id = ${ctx.tenantId} AND provider_ref = ${ref} AND provider_url IS NOT NULL`;
  return row;
}

/** Somebody came back from the page: that proves nothing, and is a reason to ask. */
async function askNow(ctx: Context, id: bigint): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE payment SET due_at = lango_now() WHERE id = ${id} AND state IN ('prompted', 'unknown')`;
  await ctx.tx.$executeRaw`SELECT job_enqueue('payments.work')`;
}

async function look(ctx: Context, ref: string): Promise<Claim | undefined> {
  const order = await orderOf(ctx, ref);
  if (!order) return undefined;
  if (order.state === 'settled') return serviceOf(ctx, order.id);
  return order.state === 'failed' ? { kind: 'failed' } : { kind: 'unknown' };
}

export const doneRoutes: PageRoute[] = [
  publicPage({
    method: 'GET',
    path: '/payments/done/:company',
    query: z.object({ order: z.string().max(200).default('') }),
    async run(call, { params, query: { order: ref } }, web) {
      const company = await findCompany(call, params.company);
      const reader = readerOfWeb(web, company);
      const { t } = reader;
      const shown = (told: { text: string; warn?: boolean }) =>
        view('payments/done', {
          layout: 'customer',
          company: company.name,
          title: t('payments.done_title'),
          about: t('payments.done_about', { company: company.name }),
          papers: `/documents/${params.company}`,
          told,
        });
      if (ref === '') return shown({ text: t('payments.done_left'), warn: true });
      const opening = { tenantId: company.id, actor: systemActor('claim'), requestId: call.requestId };
      const inTenant = <T>(work: (ctx: Context) => Promise<T>) => call.db.inTenant(opening, work);
      let claim = await inTenant((ctx) => look(ctx, ref));
      if (claim?.kind === 'unknown') {
        await inTenant(async (ctx) => {
          const order = await orderOf(ctx, ref);
          if (order) await askNow(ctx, order.id);
        });
        claim = await waitFor(claim, ['unknown'], () => inTenant((ctx) => look(ctx, ref)));
      }
      if (claim?.kind === 'paid')
        return shown({
          text: claim.until
            ? t('payments.claim_paid', { until: formatMoment(claim.until, reader) })
            : t('payments.claim_booked'),
        });
      if (claim === undefined)
        return shown({ text: t('payments.done_unknown', { company: company.name }), warn: true });
      return shown({
        text: t(claim.kind === 'failed' ? 'payments.done_failed' : 'payments.done_waiting', { company: company.name }),
        warn: true,
      });
    },
  }),
];
