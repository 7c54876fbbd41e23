import type { Context } from '../platform/context';
import { seeOther, view } from '../platform/http/page';
import type { PageResult } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { readerFor } from '../ui';
import type { Outcome } from './standing';

/** Whose subscription it is. @throws Problem 404 */
export async function clientOf(ctx: Context, subscriptionId: bigint): Promise<{ id: bigint; name: string }> {
  const row = await ctx.tx.subscription.findFirst({
    where: { id: subscriptionId },
    include: { subscriber: { select: { id: true, name: true } } },
  });
  if (!row) throw notFound('That subscription');
  return row.subscriber;
}

/** Back to the customer when it was done; otherwise a page that says why not, with nothing changed. */
export async function answer(
  ctx: Context,
  id: bigint,
  action: string,
  outcome: Outcome,
  person: Person,
): Promise<PageResult> {
  if (outcome.kind === 'not_found') throw notFound('That subscription');
  const client = await clientOf(ctx, id);
  const back = `/subscribers/${client.id}?subscription=${id}`;
  if (outcome.kind === 'done') return seeOther(`${back}&done=${action}`);
  const { t } = readerFor(ctx, person);
  // The command's own sentence is for programs; a person reads it in their language.
  const text =
    outcome.kind === 'refused' ? t(`subscriptions.refused_${outcome.code}`) : Object.values(outcome.fields).join(' ');
  const status = outcome.kind === 'refused' ? 409 : 422;
  return view(
    'subscriptions/refused',
    { title: t('subscriptions.refused'), text, back, client: client.name },
    { status },
  );
}
