import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { fieldsOf, formErrors, readDecimal, readerFor } from '../ui';
import { listLimits, saveLimit } from './limits';

interface Refused {
  values: Record<string, string>;
  errors: Record<string, string>;
}

async function page(ctx: Context, person: Person, told: boolean, refused?: Refused): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const limits = await listLimits(ctx);
  const [first] = limits;
  const known = Object.fromEntries(limits.map((one) => [nameOf(one.kind), String(one.limit_cents / 100)]));
  const field = fieldsOf('approvals', { ...known, ...refused?.values }, refused?.errors ?? {}, reader);
  return view(
    'approvals/settings',
    {
      title: t('approvals.settings_title'),
      told: told && { text: t('approvals.told_saved') },
      errors: refused && formErrors(refused.errors),
      fields: limits.map((one) =>
        field(nameOf(one.kind), { mode: 'decimal', max: 20, required: true, unit: first?.currency ?? '' }),
      ),
    },
    refused ? { status: 422 } : {},
  );
}

/** A field is called as its word. */
const nameOf = (kind: string): string => `kind_${kind.replace('.', '_')}`;

export const settingsRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/approvals/settings',
    permission: 'approvals.settings',
    query: z.object({ told: z.string().max(10).optional() }),
    run: (ctx, { query }, _web, person) => page(ctx, person, query.told === 'saved'),
  }),
  pageRoute({
    method: 'POST',
    path: '/approvals/settings',
    permission: 'approvals.settings',
    form: z.record(z.string().max(40), z.string().max(40)),
    async run(ctx, { form }, _web, person) {
      const values = form.ok ? form.value : form.values;
      const errors: Record<string, string> = {};
      // A form of before there was another kind leaves that one as it stands.
      const limits = (await listLimits(ctx)).filter((one) => values[nameOf(one.kind)] !== undefined);
      const wished = limits.map((one) => ({ ...one, cents: readDecimal(values[nameOf(one.kind)] ?? '', 2) }));
      for (const { kind, cents } of wished)
        if (cents === undefined || cents < 0 || cents > 1_000_000_000_000)
          errors[nameOf(kind)] = readerFor(ctx, person).t('approvals.limit_wanted');
      if (Object.keys(errors).length > 0) return page(ctx, person, false, { values, errors });
      for (const { kind, cents, limit_cents } of wished)
        if (cents !== undefined && cents !== limit_cents) await saveLimit(ctx, kind, cents);
      return seeOther('/approvals/settings?told=saved');
    },
  }),
];
