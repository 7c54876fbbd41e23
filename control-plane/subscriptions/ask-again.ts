import type { Context } from '../platform/context';
import { view } from '../platform/http/page';
import type { PageResult } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { formErrors, readerFor } from '../ui';
import type { FormField, Reader } from '../ui';
import { clientOf } from './answer-page';

/** The forms of the customer page's menus: what each asks for, in its words. */
type Menu = 'suspend' | 'extend' | 'top-up' | 'device';
type Values = Record<string, string>;
type Shape = { fields: Record<string, Partial<FormField>>; wrong: string; words: string; button: string };

const LOCKS = ['learn', 'any', 'this'] as const;

function shapeOf(menu: Menu, values: Values, { t }: Reader): Shape {
  switch (menu) {
    case 'suspend':
      return { fields: { reason: { max: 200 } }, wrong: 'reason', words: 'reason_needed', button: 'suspend_service' };
    case 'extend':
      return {
        fields: { count: { label: t('subscriptions.days'), mode: 'numeric', max: 4 } },
        wrong: 'count',
        words: 'days_needed',
        button: 'extend',
      };
    case 'top-up':
      return {
        fields: { gigabytes: { mode: 'decimal' } },
        wrong: 'gigabytes',
        words: 'gigabytes_needed',
        button: 'top_up',
      };
    case 'device': {
      const options = LOCKS.map((value) => ({
        value,
        label: t(`subscriptions.lock_${value}`),
        selected: value === values['lock'],
      }));
      const lock = { label: t('subscriptions.device'), options };
      return { fields: { lock, mac: { max: 17 } }, wrong: 'mac', words: 'mac_needed', button: 'device_set' };
    }
  }
}

/** A menu's form once more, as a page of its own: what was typed, what is wrong with it, and the way back. Nothing was changed. */
export async function askAgain(
  ctx: Context,
  id: bigint,
  menu: Menu,
  values: Values,
  person: Person,
): Promise<PageResult> {
  const client = await clientOf(ctx, id);
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const shape = shapeOf(menu, values, reader);
  const errors: Record<string, string> = { [shape.wrong]: t(`subscriptions.${shape.words}`) };
  return view(
    'subscriptions/ask-again',
    {
      title: t(`subscriptions.${menu.replace('-', '_')}`),
      client: client.name,
      back: `/subscribers/${client.id}?subscription=${id}`,
      errors: formErrors(errors),
      action: `/subscriptions/${id}/${menu}`,
      fields: Object.entries(shape.fields).map(([name, more]) => ({
        name,
        label: more.label ?? t(`subscriptions.${name}`),
        value: values[name] ?? '',
        error: errors[name],
        autocomplete: 'off',
        ...more,
      })),
      consequence: t(`subscriptions.${menu.replace('-', '_')}_consequence`),
      button: t(`subscriptions.${shape.button}`),
      cut: menu === 'suspend',
    },
    { status: 422 },
  );
}
