import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';
import { kindOf, type Channel, type MessageKind, type MessageValues } from './catalogue';

/** Where sealed values stand, for the seal (platform/crypto.ts). */
export const VALUES_PURPOSE = 'message.data';

/** What became of the wish to say something. None of them is a fault of the caller's work, and none may undo it. */
export type Enqueued =
  | { kind: 'queued'; id: bigint }
  /** The key was used before: this was said, or waits to be. */
  | { kind: 'said_already'; id: bigint | null }
  /** The company has nobody who carries this channel: say so to the person, who would wait in vain. */
  | { kind: 'no_provider' }
  /** They do not want to hear of this. */
  | { kind: 'muted' }
  /** No phone number or e-mail address is what was given. */
  | { kind: 'bad_address' };

interface Common {
  kind: MessageKind;
  /** Each value that the kind names (catalogue.ts); `company` comes by itself. */
  values: MessageValues;
  /** Names the event (`invitation:12`): under one key a message is sent once on a channel. */
  key?: string;
  subscriptionId?: bigint;
  /** Not sent after this. */
  expiresAt?: Date;
  /** Words in the place of the company's template; checked with checkTemplate before. */
  words?: string;
}

export interface NewMessage extends Common {
  channel: Channel;
  /** E.164 (+254712345678) or an e-mail address. */
  recipient: string;
  /** Undefined: the company's language for customers. */
  locale?: Locale;
  subscriberId?: bigint;
  /** Not sent before this. */
  dueAt?: Date;
}

interface Row {
  outcome: 'queued' | 'said_already' | 'no_provider' | 'muted';
  id: bigint | null;
}

/** Puts one message to one address into the queue, in the caller's transaction: it is sent if and only if that commits. */
export async function enqueueMessage(ctx: Context, message: NewMessage): Promise<Enqueued> {
  const { kind, channel, recipient, key, subscriberId, subscriptionId, dueAt, expiresAt, words, locale } = message;
  if (!isAddress(channel, recipient)) return { kind: 'bad_address' };
  const sealed = kindOf(kind).secret
    ? ctx.secrets.seal(VALUES_PURPOSE, ctx.tenantId, JSON.stringify(message.values))
    : null;
  const values = sealed ? '{}' : JSON.stringify(message.values);
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT outcome, id FROM message_enqueue(${kind}, ${channel}, ${recipient}, ${locale ?? null}, ${values}::jsonb, ${key ?? null}, ${subscriberId ?? null}::bigint,
      ${subscriptionId ?? null}::bigint, ${staffId}::bigint, ${dueAt ?? null}::timestamptz, ${expiresAt ?? null}::timestamptz, ${words ?? null}, ${sealed}::bytea)`;
  return outcomeOf(rows[0]);
}

/**
 * Tells a customer, on the channel and in the language that they chose: SMS where they chose none and the company has SMS, else e-mail. One outcome per
 * channel; an empty list when there is nobody to tell (erased, guests, no e-mail address). Not for secrets: those go to an address that was proven.
 */
export async function tellSubscriber(ctx: Context, subscriberId: bigint, message: Common): Promise<Enqueued[]> {
  const { kind, values, key, subscriptionId, expiresAt, words } = message;
  if (kindOf(kind).secret) throw new Error(`A ${kind} goes to one address: use enqueueMessage.`);
  const staffId = ctx.actor.kind === 'staff' ? ctx.actor.id : null;
  const rows = await ctx.tx.$queryRaw<Row[]>`
    SELECT outcome, id FROM message_tell(${subscriberId}::bigint, ${kind}, ${JSON.stringify(values)}::jsonb, ${key ?? null}, ${subscriptionId ?? null}::bigint,
      ${staffId}::bigint, ${expiresAt ?? null}::timestamptz, ${words ?? null})`;
  return rows.map(outcomeOf);
}

/** For the rest of this transaction nothing is said by itself: an import must not welcome ten thousand people. */
export async function keepSilent(ctx: Context): Promise<void> {
  await ctx.tx.$executeRaw`SELECT set_config('lango.silent', 'on', true)`;
}

/** Whether the company can send on a channel, for a page that must say so before somebody waits for a code. */
export async function canSend(ctx: Context, channel: Channel): Promise<boolean> {
  const [row] = await ctx.tx.$queryRaw<{ ready: boolean }[]>`SELECT message_ready(${channel}) AS ready`;
  return row?.ready ?? false;
}

function outcomeOf(row: Row | undefined): Enqueued {
  if (!row) throw new Error('message_enqueue gave no outcome.');
  if (row.outcome === 'queued' && row.id !== null) return { kind: 'queued', id: row.id };
  if (row.outcome === 'said_already') return { kind: 'said_already', id: row.id };
  return { kind: row.outcome === 'muted' ? 'muted' : 'no_provider' };
}

function isAddress(channel: Channel, text: string): boolean {
  if (channel === 'sms') return /^\+[1-9]\d{6,14}$/.test(text);
  // No line breaks, blanks or separators: one address, which cannot become a header of its own.
  return text.length <= 254 && /^[^\s@<>,;:"\p{Cc}]+@[^\s@<>,;:"\p{Cc}]+\.[^\s@<>,;:"\p{Cc}]+$/u.test(text);
}
