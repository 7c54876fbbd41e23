import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { topics } from './catalogue';

export const preferenceInput = z.object({
  locale: z.enum(['en', 'sw']).nullable().default(null),
  channel: z.enum(['sms', 'email', 'both']).nullable().default(null),
  muted: z.array(z.enum(topics)).max(20).default([]),
});
export type Preference = z.output<typeof preferenceInput>;

/** What a person wants to hear of; undefined when there is no such person of this company. */
export async function findPreference(
  { tx }: Context,
  subscriberId: bigint,
): Promise<(Preference & { name: string; email: string | null }) | undefined> {
  const [row] = await tx.$queryRaw<
    (Omit<Preference, 'muted'> & { muted: string[]; name: string; email: string | null })[]
  >`
    SELECT c.name, c.email, p.locale, p.channel, coalesce(p.muted, '{}') AS muted
    FROM subscriber c LEFT JOIN message_preference p ON p.subscriber_id = c.id WHERE c.id = ${subscriberId} AND c.deleted_at IS NULL`;
  return row && { ...row, muted: topics.filter((topic) => row.muted.includes(topic)) };
}

export async function savePreference(
  ctx: Context,
  subscriberId: bigint,
  { locale, channel, muted }: Preference,
): Promise<'done' | 'not_found'> {
  if (!(await findPreference(ctx, subscriberId))) return 'not_found';
  await ctx.tx.$executeRaw`
    INSERT INTO message_preference (tenant_id, subscriber_id, locale, channel, muted) VALUES (${ctx.tenantId}, ${subscriberId}, ${locale}, ${channel}, ${muted}::text[])
    ON CONFLICT (subscriber_id) DO UPDATE SET locale = excluded.locale, channel = excluded.channel, muted = excluded.muted, updated_at = ${ctx.now}`;
  await recordAudit(
    ctx,
    'messages.save_preference',
    { type: 'subscriber', id: subscriberId },
    { locale, channel, muted },
  );
  return 'done';
}
