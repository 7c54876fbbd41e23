import { z } from 'zod';
import { seeOther, type PageRoute } from '../platform/http/page';
import { formPages, readDecimal } from '../ui';
import { listLimits, saveLimit } from './limits';

/** A field is called as its word. */
const nameOf = (kind: string): string => `kind_${kind.replace('.', '_')}`;

export const settingsRoutes: PageRoute[] = formPages({
  slice: 'approvals',
  view: 'approvals/settings',
  page: '/approvals/settings',
  post: '/approvals/settings',
  permission: 'approvals.settings',
  form: z.record(z.string().max(40), z.string().max(40)),
  word: (_name, { t }) => t('approvals.limit_wanted'),
  told: ['saved'],
  open: ({ ctx }) => listLimits(ctx),
  seen: (limits) => limits.map((one) => `${one.kind} ${one.limit_cents}`),
  values: (limits) => Object.fromEntries(limits.map((one) => [nameOf(one.kind), String(one.limit_cents / 100)])),
  shared: true,
  draw({ field }, { about: limits, t }) {
    const unit = limits[0]?.currency ?? '';
    return {
      title: t('approvals.settings_title'),
      fields: limits.map((one) => field(nameOf(one.kind), { mode: 'decimal', max: 20, required: true, unit })),
    };
  },
  async save(values, { ctx, about }) {
    // A form of before there was another kind leaves that one as it stands.
    const wished = about
      .filter((one) => values[nameOf(one.kind)] !== undefined)
      .map((one) => ({ ...one, cents: readDecimal(values[nameOf(one.kind)] ?? '', 2) }));
    const wrong = wished.filter(({ cents }) => cents === undefined || cents < 0 || cents > 1_000_000_000_000);
    if (wrong.length > 0) return { kind: 'wrong', fields: wrong.map(({ kind }) => nameOf(kind)) };
    for (const { kind, cents, limit_cents } of wished)
      if (cents !== undefined && cents !== limit_cents) await saveLimit(ctx, kind, cents);
    return seeOther('/approvals/settings?told=saved');
  },
});
