import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { catalogue, messageKinds, type MessageKind } from './catalogue';

/** Kinds that are said by themselves and may be switched off. */
export const automaticKinds: MessageKind[] = messageKinds.filter((kind) => catalogue[kind].automatic);

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 21:00');

export const messageSettings = z.object({
  locale: z.enum(['en', 'sw']).default('en'),
  per_minute: z.coerce.number('must be a whole number').int('must be a whole number').min(1).max(10_000).default(120),
  per_day: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(1)
    .max(1_000_000)
    .default(10_000),
  quiet_from: clock.default('21:00'),
  quiet_until: clock.default('07:00'),
  silent: z
    .array(z.enum(automaticKinds as [MessageKind, ...MessageKind[]]))
    .max(50)
    .default([]),
  /** Millionths of the company's currency for one segment of SMS; null where nobody has told. */
  segment_micros: z.int().min(0).max(1_000_000_000).nullable().default(null),
});
export type MessageSettings = z.output<typeof messageSettings>;

export interface SettingsSeen extends MessageSettings {
  version: number;
  /** Sent today, and in this minute. */
  today: number;
  waiting: number;
}

/** What the company has set, or what is so without it, and how much of the limits is used. */
export async function readSettings({ tx, tenantId }: Context): Promise<SettingsSeen> {
  const [row] = await tx.$queryRaw<
    (Omit<SettingsSeen, 'silent' | 'segment_micros'> & { silent: string[]; segment_micros: bigint | null })[]
  >`
    SELECT coalesce(s.locale, 'en') AS locale, coalesce(s.per_minute, 120) AS per_minute, coalesce(s.per_day, 10000) AS per_day,
      to_char(coalesce(s.quiet_from, '21:00'), 'HH24:MI') AS quiet_from, to_char(coalesce(s.quiet_until, '07:00'), 'HH24:MI') AS quiet_until,
      coalesce(s.silent, '{}') AS silent, s.segment_micros, coalesce(s.version, 0) AS version,
      coalesce((SELECT g.day_count FROM message_meter g WHERE g.tenant_id = t.id AND g.day = (lango_now() AT TIME ZONE t.timezone)::date), 0) AS today,
      (SELECT count(*)::int FROM message m WHERE m.tenant_id = t.id AND m.state = 'waiting') AS waiting
    FROM tenant t LEFT JOIN message_setting s ON s.tenant_id = t.id WHERE t.id = ${tenantId}`;
  if (!row) throw new Error(`Company ${tenantId} is not to be seen.`);
  const silent = automaticKinds.filter((kind) => row.silent.includes(kind));
  return { ...row, silent, segment_micros: row.segment_micros === null ? null : Number(row.segment_micros) };
}

/** Changes limits, quiet hours, language and what is said by itself. `version`: as it was read, where somebody looked at it before. */
export async function changeSettings(
  ctx: Context,
  change: MessageSettings,
  version?: number,
): Promise<'done' | 'changed_meanwhile'> {
  const before = await readSettings(ctx);
  if (version !== undefined && version !== before.version) return 'changed_meanwhile';
  await ctx.tx.$executeRaw`
    INSERT INTO message_setting AS s (tenant_id, locale, per_minute, per_day, quiet_from, quiet_until, silent, segment_micros)
    VALUES (${ctx.tenantId}, ${change.locale}, ${change.per_minute}, ${change.per_day}, ${change.quiet_from}::text::time, ${change.quiet_until}::text::time, ${change.silent}::text[],
      ${change.segment_micros})
    ON CONFLICT (tenant_id) DO UPDATE SET locale = excluded.locale, per_minute = excluded.per_minute, per_day = excluded.per_day, quiet_from = excluded.quiet_from,
      quiet_until = excluded.quiet_until, silent = excluded.silent, segment_micros = excluded.segment_micros, updated_at = ${ctx.now}, version = s.version + 1`;
  await recordAudit(ctx, 'messages.change_settings', { type: 'tenant', id: ctx.tenantId }, { ...change });
  return 'done';
}
