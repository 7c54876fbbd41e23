import { z } from 'zod';
import { findOpenRow, type OpenRow } from '../../bulk';
import { seeOther, type PageRoute } from '../../platform/http/page';
import { notFound } from '../../platform/http/problem';
import { formatMoment, formatMoney, formPages, type Reader } from '../../ui';
import { chooseLine, type Wish } from './choose-line';
import { choicesFor, type Choice } from './choices';
import type { HeldLine, StatementParams } from './plan-statement';

interface About extends OpenRow {
  held: HeldLine;
  choices: Choice[];
}

const chooseForm = z
  .object({ to: z.string().min(1).max(60), account: z.string().trim().max(128).default('') })
  .refine(({ to, account }) => to !== 'account' || account !== '', { path: ['account'] });

/** What a line can be instead, with the words for it. */
function optionsOf({ held, choices }: About, reader: Reader): { value: string; label: string }[] {
  const { t } = reader;
  const into = BigInt(held.amount_cents) > 0n;
  const found = choices.map(({ kind, id, reference, name, at }) => ({
    value: `${kind}:${id}`,
    label: t(`payments.choose_${kind}`, {
      what: [reference, name].filter(Boolean).join(', '),
      at: formatMoment(at, reader),
    }),
  }));
  const none = { value: 'none', label: t(into ? 'payments.choose_waits' : 'payments.choose_open') };
  const other = into
    ? { value: 'account', label: t('payments.choose_account') }
    : { value: 'fee', label: t('payments.choose_fee') };
  return [none, other, ...found];
}

const wishOf = (to: string, account: string): Wish =>
  to === 'account' ? { to, account } : to === 'none' || to === 'fee' ? { to } : { to: 'found', choice: to };

/** "Not this one": what was proposed for a line of a statement is put aside before anything is booked. */
export const choosePages: PageRoute[] = formPages({
  slice: 'payments',
  view: 'payments/choose-line',
  page: '/payments/banks/runs/:id/:row_id',
  post: '/payments/banks/runs/:id/:row_id',
  permission: 'payments.write',
  form: chooseForm,
  async open({ ctx, params }): Promise<About> {
    const open = await findOpenRow(ctx, params.id, params.row_id);
    const held =
      open?.run.action === 'bank' ? ((open.row.data['line'] ?? undefined) as HeldLine | undefined) : undefined;
    if (!open || !held) throw notFound('That line');
    return { ...open, held, choices: await choicesFor(ctx, open.run, held) };
  },
  values: () => ({ to: 'none' }),
  seen: ({ row, held }) => [row.note, held.deed],
  word: (field, { t }) => t(field === 'account' ? 'payments.account_unknown' : 'payments.choose_needed'),
  draw({ values, field }, { about, reader }) {
    const { run, row, held } = about;
    const { t, locale } = reader;
    const { currency } = run.params as unknown as StatementParams;
    const note = row.note ?? '';
    return {
      title: formatMoney(BigInt(held.amount_cents), currency, locale),
      back: `/bulk/${run.id}`,
      action: `/payments/banks/runs/${run.id}/${row.seq}`,
      proposed: note === '' ? '' : t(`bulk.note_${note}`),
      facts: [
        { label: t('payments.at'), value: held.day },
        { label: t('payments.reference'), value: held.reference || '–' },
        { label: t('payments.typed'), value: held.account || '–' },
        { label: t('payments.line_details'), value: held.description || '–' },
      ],
      // The bank's own words stand above.
      name: typeof row.data['name'] === 'string' && row.subscriber_id !== null ? row.data['name'] : '',
      to: field('to', {
        options: optionsOf(about, reader).map((one) => ({ ...one, selected: one.value === values['to'] })),
      }),
      account:
        BigInt(held.amount_cents) > 0n &&
        field('account', { max: 128, autocomplete: 'off', help: t('payments.choose_account_help') }),
    };
  },
  async save({ to, account }, { ctx, about, t }) {
    switch (await chooseLine(ctx, about, about.held, wishOf(to, account))) {
      case 'done':
        return seeOther(`/bulk/${about.run.id}?view=will`);
      case 'unknown_account':
        return { kind: 'refused', errors: { account: t('payments.account_unknown') } };
      case 'gone':
        return { kind: 'refused', errors: { to: t('payments.choose_needed') } };
    }
  },
});
