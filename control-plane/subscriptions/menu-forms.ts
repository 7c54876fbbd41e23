import type { z } from 'zod';
import type { Context } from '../platform/context';
import { seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import type { Permission } from '../platform/permissions';
import { formPages, type FormCall, type FormField, type FormRefusal, type FormState, type Reader } from '../ui';
import { clientOf } from './answer-page';
import type { Outcome } from './standing';

/** The forms of the customer page's menus. Sent with something wrong, one comes back as a page of its own with what was typed. */
type Menu = 'suspend' | 'extend' | 'top-up' | 'device' | 'renew';

interface Shape {
  fields: Record<string, Partial<FormField>>;
  button: string;
}

const choices = (name: string, values: readonly string[], chosen: string | undefined, { t }: Reader) =>
  values.map((value) => ({ value, label: t(`subscriptions.${name}_${value}`), selected: value === chosen }));

function shapeOf(menu: Menu, values: Record<string, string>, reader: Reader): Shape {
  const { t } = reader;
  switch (menu) {
    case 'suspend':
      return { fields: { reason: { max: 200 } }, button: 'suspend_service' };
    case 'extend':
      return {
        fields: { count: { label: t('subscriptions.days'), mode: 'numeric', max: 4 } },
        button: 'extend',
      };
    case 'top-up':
      return { fields: { gigabytes: { mode: 'decimal' } }, button: 'top_up' };
    case 'renew':
      return {
        fields: {
          pay: {
            label: t('subscriptions.renew'),
            options: choices('pay', ['wallet', 'nothing'], values['pay'], reader),
          },
        },
        button: 'renew',
      };
    case 'device':
      return {
        fields: {
          lock: {
            label: t('subscriptions.device'),
            options: choices('lock', ['learn', 'any', 'this'], values['lock'], reader),
          },
          mac: { max: 17 },
        },
        button: 'device_set',
      };
  }
}

/** What each field wants, in words. */
const NEEDED: Record<string, string> = {
  reason: 'reason_needed',
  count: 'days_needed',
  gigabytes: 'gigabytes_needed',
  pay: 'pay_needed',
  lock: 'mac_needed',
  mac: 'mac_needed',
};

interface About {
  id: bigint;
  client: { id: bigint; name: string };
}

/** One menu's form: what it does when it is sent. What the service's state does not allow is said above what was typed. */
export function menuForm<F extends z.ZodType>(
  menu: Menu,
  permission: Permission,
  form: F,
  command: (ctx: Context, id: bigint, value: z.output<F>) => Promise<Outcome>,
): PageRoute[] {
  return formPages({
    slice: 'subscriptions',
    view: 'subscriptions/ask-again',
    post: `/subscriptions/:id/${menu}` as '/subscriptions/:id/extend',
    permission,
    form,
    word: (field, { t }) => t(`subscriptions.${NEEDED[field] ?? 'plan_needed'}`),
    open: async ({ ctx, params }): Promise<About> => ({ id: params.id, client: await clientOf(ctx, params.id) }),
    draw: (state, call) => drawn(menu, state, call),
    async save(value, { ctx, about: { id, client }, t }) {
      const outcome = await command(ctx, id, value);
      return outcome.kind === 'done' ? seeOther(`${backTo({ id, client })}&done=${menu}`) : refused(outcome, t);
    },
  });
}

const backTo = ({ id, client }: About): string => `/subscribers/${client.id}?subscription=${id}`;

function refused(outcome: Exclude<Outcome, { kind: 'done' }>, t: Reader['t']): FormRefusal {
  switch (outcome.kind) {
    case 'not_found':
      throw notFound('That subscription');
    case 'refused':
      return { kind: 'refused', title: t(`subscriptions.refused_${outcome.code}`), status: 409 };
    case 'invalid':
      return { kind: 'wrong', fields: Object.keys(outcome.fields) };
  }
}

function drawn(menu: Menu, { values, errors }: FormState, { about, reader }: FormCall<About>) {
  const { t } = reader;
  const word = menu.replace('-', '_');
  const { fields, button } = shapeOf(menu, values, reader);
  return {
    title: t(`subscriptions.${word}`),
    client: about.client.name,
    back: backTo(about),
    action: `/subscriptions/${about.id}/${menu}`,
    fields: Object.entries(fields).map(([name, more]) => ({
      name,
      label: more.label ?? t(`subscriptions.${name}`),
      value: values[name] ?? '',
      error: errors[name],
      autocomplete: 'off',
      ...more,
    })),
    consequence: t(`subscriptions.${word}_consequence`),
    button: t(`subscriptions.${button}`),
    cut: menu === 'suspend',
  };
}
