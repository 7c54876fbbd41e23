import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { notFound } from '../platform/http/problem';

/** The service, with its customer, that a form of money is about: `subscription_id` of what was typed or asked for. @throws 404 where it is none of the company's */
export async function serviceOfForm(ctx: Context, typed: Record<string, string>) {
  const id = idField.safeParse(typed['subscription_id']);
  const service = id.success
    ? await ctx.tx.subscription.findFirst({ where: { id: id.data }, include: { subscriber: true } })
    : null;
  if (!service) throw notFound('That subscription');
  return service;
}
