import { randomBytes } from 'node:crypto';
import type { Context } from '../platform/context';
import type { Locale } from '../platform/i18n';
import { normalizePhone } from '../subscribers';
import { codeChannels, findByTicket, hashTicket, openPlans } from './queries';
import type { JoinForm, JoinRequest } from './schema';
import { mayAskCode, sendCode } from './send-code';

export type AskOutcome =
  /** A code is on its way; whether the person is a customer has not been looked at. */
  | { kind: 'sent' }
  | { kind: 'often' }
  /** Nobody carries codes for this company. */
  | { kind: 'no_provider' }
  | { kind: 'invalid'; fields: ('plan' | 'phone' | 'email' | 'channel')[] };

export interface Asking extends JoinForm {
  locale: Locale;
  ip: string;
  /** Of the company, for numbers as they are written at home. */
  currency: string;
}

/**
 * Takes down who wants to join and sends them a code. The same form sent twice (a second tap, a reload) is one request with one code; corrected and sent again it
 * stays one request. With another number it is a new one, and what went to the number before stays counted there.
 */
export async function askToJoin(ctx: Context, form: Asking): Promise<AskOutcome> {
  const ways = await codeChannels(ctx);
  if (ways.length === 0) return { kind: 'no_provider' };
  const phone = normalizePhone(form.phone, form.currency);
  const email = form.email === '' ? null : form.email;
  const plan = (await openPlans(ctx)).find(({ id }) => id === form.plan);
  const fields: Extract<AskOutcome, { kind: 'invalid' }>['fields'] = [];
  if (!plan) fields.push('plan');
  if (phone === undefined) fields.push('phone');
  if ((email === null && form.channel === 'email') || (email !== null && !isEmail(email))) fields.push('email');
  if (!ways.includes(form.channel)) fields.push('channel');
  if (fields.length > 0 || phone === undefined || !plan) return { kind: 'invalid', fields };

  const recipient = form.channel === 'sms' ? phone : (email ?? '').toLowerCase();
  const wish = { name: form.name, phone, email, channel: form.channel, recipient, plan_id: BigInt(plan.id) };
  const held = await findByTicket(ctx, form.ticket);
  if (held && (held.state !== 'unconfirmed' || same(held, wish))) return { kind: 'sent' };
  if (!(await mayAskCode(ctx, recipient))) return { kind: 'often' };
  if (held && held.recipient !== recipient) await leaveBehind(ctx, held.id);
  const id = await write(ctx, form, wish);
  // The same ticket was confirmed, or corrected otherwise, in this very moment: that one has its code.
  if (id === undefined) return { kind: 'sent' };
  const outcome = await sendCode(ctx, { id, channel: form.channel, recipient, locale: form.locale });
  return outcome === 'bad_address' ? { kind: 'invalid', fields: ['phone'] } : { kind: outcome };
}

type Wish = Pick<JoinRequest, 'name' | 'phone' | 'email' | 'channel' | 'recipient' | 'plan_id'>;

function same(held: JoinRequest, wish: Wish): boolean {
  const parts = ['name', 'phone', 'email', 'recipient', 'plan_id'] as const;
  return parts.every((part) => held[part] === wish[part]);
}

/** Nobody holds its ticket or code any more; that codes were sent is counted until it is forgotten. */
async function leaveBehind(ctx: Context, id: bigint): Promise<void> {
  await ctx.tx.$executeRaw`
    UPDATE join_request SET ticket_hash = ${randomBytes(32)}, code_hash = NULL WHERE id = ${id} AND state = 'unconfirmed'`;
}

async function write(ctx: Context, form: Asking, wish: Wish): Promise<bigint | undefined> {
  const [row] = await ctx.tx.$queryRaw<{ id: bigint }[]>`
    INSERT INTO join_request AS r (tenant_id, ticket_hash, name, phone, email, channel, recipient, plan_id, locale, ip, code_expires_at, created_at, sent_at)
    VALUES (${ctx.tenantId}, ${hashTicket(form.ticket)}, ${wish.name}, ${wish.phone}, ${wish.email}, ${wish.channel}, ${wish.recipient}, ${wish.plan_id},
      ${form.locale}, ${form.ip}::inet, ${ctx.now}, ${ctx.now}, ${ctx.now})
    ON CONFLICT (ticket_hash) DO UPDATE SET name = excluded.name, phone = excluded.phone, email = excluded.email, channel = excluded.channel,
      plan_id = excluded.plan_id, locale = excluded.locale, sends = r.sends + 1
    WHERE r.state = 'unconfirmed' AND r.recipient = excluded.recipient
    RETURNING r.id`;
  return row?.id;
}

const isEmail = (text: string): boolean => /^[^\s@<>,;:"\p{Cc}]+@[^\s@<>,;:"\p{Cc}]+\.[^\s@<>,;:"\p{Cc}]+$/u.test(text);

/** Sends another code to whoever holds the ticket. */
export async function askAgain(ctx: Context, ticket: string): Promise<'sent' | 'often' | 'no_provider' | 'gone'> {
  const held = await findByTicket(ctx, ticket);
  if (!held || held.state !== 'unconfirmed') return 'gone';
  if (!(await mayAskCode(ctx, held.recipient))) return 'often';
  await ctx.tx.$executeRaw`UPDATE join_request SET sends = sends + 1 WHERE id = ${held.id}`;
  const outcome = await sendCode(ctx, held);
  return outcome === 'bad_address' ? 'gone' : outcome;
}
