import { z } from 'zod';
import { recordAudit } from '../audit';
import type { Context } from '../platform/context';
import { LOCALES, type Locale } from '../platform/i18n';
import {
  channels,
  isMessageKind,
  kindOf,
  messageKinds,
  type Channel,
  type MessageKind,
  type MessageValues,
} from './catalogue';
import { compose, namesOf, type Composed } from './compose';
import { defaultWords, type Words } from './default-words';
import { checkTemplate, type TemplateFault } from './template';

/** Names one template: `payment_received.sms.en`. */
export interface TemplateKey {
  kind: MessageKind;
  channel: Channel;
  locale: Locale;
}
export interface Template extends TemplateKey, Words {
  id: string;
  /** The company's own words; false: those that are shipped. */
  own: boolean;
  version: number;
}

export const templateId = ({ kind, channel, locale }: TemplateKey): string => `${kind}.${channel}.${locale}`;

export function templateKey(id: string): TemplateKey | undefined {
  const [kind = '', channel = '', locale = '', more] = id.split('.');
  const known = channels.find((one) => one === channel);
  const spoken = LOCALES.find((one) => one === locale);
  return isMessageKind(kind) && known && spoken && more === undefined
    ? { kind, channel: known, locale: spoken }
    : undefined;
}

export const templateInput = z.object({
  subject: z
    .string()
    .trim()
    .max(200)
    .regex(/^\P{Cc}*$/u, 'must be one line')
    .default(''),
  body: z
    .string('is needed')
    .transform((text) => text.replace(/\r\n?/g, '\n').trim())
    .pipe(z.string().min(1, 'is needed').max(5_000)),
  version: z.coerce.number().int().optional(),
});
export type TemplateInput = z.output<typeof templateInput>;

type Own = TemplateKey & Words & { version: number };

async function ownTemplates({ tx }: Context, key?: TemplateKey): Promise<Own[]> {
  const rows = await tx.$queryRaw<Own[]>`SELECT kind, channel, locale, subject, body, version FROM message_template`;
  return key ? rows.filter((row) => templateId(row) === templateId(key)) : rows;
}

function templateOf(key: TemplateKey, own: Own | undefined): Template {
  const { subject, body } = own ?? defaultWords(key.kind, key.channel, key.locale);
  return { id: templateId(key), ...key, subject, body, own: own !== undefined, version: own?.version ?? 0 };
}

/** Every template there is: each kind on each channel in each language. */
export async function listTemplates(ctx: Context): Promise<Template[]> {
  const own = new Map((await ownTemplates(ctx)).map((one) => [templateId(one), one]));
  return messageKinds.flatMap((kind) =>
    channels.flatMap((channel) =>
      LOCALES.map((locale) => templateOf({ kind, channel, locale }, own.get(templateId({ kind, channel, locale })))),
    ),
  );
}

export async function findTemplate(ctx: Context, key: TemplateKey): Promise<Template> {
  return templateOf(key, (await ownTemplates(ctx, key))[0]);
}

export type SavedTemplate =
  | { kind: 'done' }
  | { kind: 'faults'; subject: TemplateFault[]; body: TemplateFault[] }
  | { kind: 'changed_meanwhile' };

/** Takes a company's own words, if they parse and name only what this kind has. */
export async function saveTemplate(ctx: Context, key: TemplateKey, input: TemplateInput): Promise<SavedTemplate> {
  const faults = templateFaults(key, input);
  if (faults) return faults;
  const before = await findTemplate(ctx, key);
  if (input.version !== undefined && input.version !== before.version) return { kind: 'changed_meanwhile' };
  const subject = key.channel === 'sms' ? null : input.subject;
  await ctx.tx.$executeRaw`
    INSERT INTO message_template AS w (tenant_id, kind, channel, locale, subject, body)
    VALUES (${ctx.tenantId}, ${key.kind}, ${key.channel}, ${key.locale}, ${subject}, ${input.body})
    ON CONFLICT (tenant_id, kind, channel, locale) DO UPDATE SET subject = excluded.subject, body = excluded.body, updated_at = ${ctx.now}, version = w.version + 1`;
  await recordAudit(
    ctx,
    'messages.save_template',
    { type: 'message_template', id: templateId(key) },
    { before: before.body.slice(0, 1_000), after: input.body.slice(0, 1_000) },
  );
  return { kind: 'done' };
}

/** What is wrong with new words; undefined when they can be sent. */
export function templateFaults(
  key: TemplateKey,
  input: TemplateInput,
): Extract<SavedTemplate, { kind: 'faults' }> | undefined {
  const names = namesOf(key.kind);
  const subject = key.channel === 'sms' ? [] : checkTemplate(input.subject, names);
  const body = checkTemplate(input.body, names);
  return subject.length + body.length > 0 ? { kind: 'faults', subject, body } : undefined;
}

/** Back to the words that are shipped. */
export async function resetTemplate(ctx: Context, key: TemplateKey): Promise<void> {
  const { kind, channel, locale } = key;
  const gone = await ctx.tx
    .$executeRaw`DELETE FROM message_template WHERE kind = ${kind} AND channel = ${channel} AND locale = ${locale}`;
  if (gone > 0) await recordAudit(ctx, 'messages.reset_template', { type: 'message_template', id: templateId(key) });
}

const EXAMPLES: Record<string, MessageValues[string]> = {
  name: 'Wanjiru Kamau',
  package: 'Home 10',
  username: 'wanjiru',
  reference: 'SJK1A2B3C4',
  code: '482915',
  minutes: 10,
  inviter: 'Amina',
  link: 'https://isp.example/join/4f8a',
  hours: 48,
  pay: 'https://isp.example/payments/pay/umoja',
  days: 3,
  text: 'We work on the mast tonight from 1 to 3 o’clock. The line will be away for some minutes.',
};

/** The words filled with an example, as they would arrive. */
export function previewTemplate(
  key: TemplateKey,
  words: Words,
  o: { company: string; zone: string; currency: string; nowMs: number },
): Composed {
  const values = Object.entries(kindOf(key.kind).variables).map(([name, type]) => {
    if (type === 'money') return [name, { cents: 150_000, currency: o.currency }] as const;
    if (type === 'moment') return [name, new Date(o.nowMs + 3 * 86_400_000).toISOString()] as const;
    return [name, EXAMPLES[name] ?? name] as const;
  });
  return compose({
    ...key,
    words,
    values: Object.fromEntries(values),
    company: o.company,
    zone: o.zone,
    nowMs: o.nowMs,
  });
}
