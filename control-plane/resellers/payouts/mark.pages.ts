import { z } from 'zod';
import { seeOther, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { formatMoney, formPages } from '../../ui';
import { markPayout } from './mark-payout';
import { findRun } from './queries';
import type { Payout, RunWithPayouts } from './schema';

const accounts = ['cash', 'bank', 'mpesa'] as const;
const markForm = z
  .object({
    outcome: z.enum(['paid', 'failed']),
    from: z.enum(accounts),
    /** Of a payout that was not paid: why. */
    reference: z.string().trim().max(100).default(''),
  })
  .refine(({ outcome, reference }) => outcome === 'failed' || reference !== '', { path: ['reference'] });

/** Whether nobody but a person can say what became of it: it is paid by hand, or the provider has no word of it. */
export function waitsForPerson(run: RunWithPayouts, one: Payout): boolean {
  const byHand = run.method === 'hand' && one.state === 'sending';
  return byHand || (one.state === 'unknown' && one.timeline.at(-1)?.step === 'for_a_person');
}

/** What became of one payout, as a person says. */
export const markPages: PageRoute[] = formPages({
  slice: 'resellers',
  view: 'resellers/mark-payout',
  page: '/resellers/payouts/:id/mark/:payout_id',
  post: '/resellers/payouts/:id/mark/:payout_id',
  permission: 'resellers.pay',
  form: markForm,
  async open({ ctx, params }) {
    const run = await findRun(ctx, params.id);
    const one = run?.payouts.find(({ id }) => id === params.payout_id.toString());
    if (!run || !one) throw notFound('That payout');
    return { run, one };
  },
  draw({ field, values }, { about: { run, one }, reader: { t, locale } }) {
    return {
      title: t('resellers.mark_title', { name: one.reseller_name }),
      run: { href: `/resellers/payouts/${run.id}`, name: t('resellers.run_number', { number: run.id }) },
      action: `/resellers/payouts/${run.id}/mark/${one.id}`,
      open: waitsForPerson(run, one),
      amount: formatMoney(one.amount_cents, one.currency, locale),
      reference: field('reference', {
        required: true,
        max: 100,
        autocomplete: 'off',
        help: t('resellers.mark_reference_help'),
      }),
      from: field('from', {
        label: t('resellers.paid_from'),
        options: accounts.map((account) => ({
          value: account,
          label: t(`payments.method_${account}`),
          selected: account === values['from'],
        })),
      }),
    };
  },
  async save({ outcome, from, reference }, { ctx, params, t }) {
    const said = outcome === 'paid' ? { outcome, from, reference } : { outcome, reason: reference };
    if ((await markPayout(ctx, params.payout_id, said)) === 'done') return seeOther(`/resellers/payouts/${params.id}`);
    return { kind: 'refused', errors: { reference: t('resellers.not_open') } };
  },
});
