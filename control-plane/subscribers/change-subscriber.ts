import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { badPhone, companyPhone, type SubscriberOutcome } from './create-subscriber';
import { toSubscriber } from './queries';
import type { SubscriberPatch } from './schema';

/** Changes name, phone or e-mail. Give `version` to be refused when somebody else changed it since you read it. */
export async function changeSubscriber(ctx: Context, id: bigint, patch: SubscriberPatch): Promise<SubscriberOutcome> {
  await ctx.tx.$queryRaw`SELECT id FROM subscriber WHERE id = ${id} FOR NO KEY UPDATE`;
  const before = await ctx.tx.subscriber.findFirst({ where: { id, deleted_at: null } });
  if (!before) return { kind: 'not_found' };
  if (patch.version !== undefined && patch.version !== before.version) return { kind: 'changed_meanwhile' };
  const phone = patch.phone === undefined ? before.phone : await companyPhone(ctx, patch.phone);
  if (phone === undefined) return { kind: 'invalid', fields: { phone: badPhone } };
  const after = await ctx.tx.subscriber.update({
    where: { id },
    data: {
      name: patch.name ?? before.name,
      phone,
      email: patch.email === undefined ? before.email : patch.email,
      updated_at: ctx.now,
      version: { increment: 1 },
    },
  });
  const changed = (['name', 'phone', 'email'] as const).filter((field) => before[field] !== after[field]);
  await recordAudit(ctx, 'subscribers.change', { type: 'subscriber', id }, { changed });
  return { kind: 'done', subscriber: toSubscriber(after) };
}
