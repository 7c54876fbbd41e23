import type { Context } from '../platform/context';
import { Prisma } from '../platform/db/generated/client';
import { pageOf, type Page } from '../platform/http/input';
import type { Channel } from './catalogue';

export const messageStates = ['waiting', 'sent', 'delivered', 'failed', 'unknown', 'dropped'] as const;
export type MessageState = (typeof messageStates)[number];

/** A message as lists and the API show it. */
export interface Message {
  id: string;
  kind: string;
  channel: Channel;
  recipient: string;
  client_id: string | null;
  client_name: string | null;
  subscription_id: string | null;
  state: MessageState;
  error: string | null;
  error_detail: string | null;
  subject: string | null;
  body: string | null;
  provider: string | null;
  provider_ref: string | null;
  provider_status: string | null;
  segments: number | null;
  /** What the carrier took for it, as it said: "0.8". */
  cost: string | null;
  cost_currency: string | null;
  tries: number;
  due_at: Date | null;
  sent_at: Date | null;
  ended_at: Date | null;
  created_at: Date;
}

export interface MessageFilter {
  /** A number, an address, or part of a customer's name. */
  q?: string | undefined;
  state?: MessageState | undefined;
  channel?: Channel | undefined;
  kind?: string | undefined;
  subscriber_id?: bigint | undefined;
  from?: Date | undefined;
  until?: Date | undefined;
}

type Row = Omit<Message, 'id' | 'client_id' | 'subscription_id' | 'cost'> & {
  id: bigint;
  client_id: bigint | null;
  subscription_id: bigint | null;
  cost_micros: bigint | null;
};

const columns = Prisma.sql`
  m.id, m.kind, m.channel, m.recipient, m.subscriber_id AS client_id, c.name AS client_name, m.subscription_id, m.state, m.error, m.error_detail, m.subject, m.body, m.provider,
  m.provider_ref, m.provider_status, m.segments, m.cost_micros, m.cost_currency, m.tries, m.due_at, m.sent_at, m.ended_at, m.created_at`;

function toMessage({ cost_micros, ...row }: Row): Message {
  return {
    ...row,
    id: row.id.toString(),
    client_id: row.client_id?.toString() ?? null,
    subscription_id: row.subscription_id?.toString() ?? null,
    cost: cost_micros === null ? null : String(Number(cost_micros) / 1_000_000),
  };
}

/** Messages of the company, newest first. */
export async function listMessages(
  { tx, tenantId }: Context,
  filter: MessageFilter,
  page: { before: bigint | undefined; limit: number },
): Promise<Page<Message>> {
  const where = [Prisma.sql`m.tenant_id = ${tenantId}`, ...conditions(filter)];
  if (page.before !== undefined) where.push(Prisma.sql`m.id < ${page.before}`);
  const rows = await tx.$queryRaw<Row[]>`
    SELECT ${columns} FROM message m LEFT JOIN subscriber c ON c.id = m.subscriber_id
    WHERE ${Prisma.join(where, ' AND ')} ORDER BY m.id DESC LIMIT ${page.limit + 1}`;
  return pageOf(rows, page.limit, (row) => row.id, toMessage);
}

function conditions({ q, state, channel, kind, subscriber_id, from, until }: MessageFilter): Prisma.Sql[] {
  const all: Prisma.Sql[] = [];
  if (state) all.push(Prisma.sql`m.state = ${state}`);
  if (channel) all.push(Prisma.sql`m.channel = ${channel}`);
  if (kind) all.push(Prisma.sql`m.kind = ${kind}`);
  if (subscriber_id !== undefined) all.push(Prisma.sql`m.subscriber_id = ${subscriber_id}`);
  if (from) all.push(Prisma.sql`m.created_at >= ${from}`);
  if (until) all.push(Prisma.sql`m.created_at < ${until}`);
  if (q) {
    const digits = q.replace(/[\s()-]/g, '');
    // People by the search that uses its indexes; an address as it was sent to, by equality.
    all.push(Prisma.sql`(m.recipient = ANY (${[q, digits, `+${digits}`]}::text[])
      OR m.subscriber_id IN (SELECT subscriber_page(jsonb_build_object('text', ${q}::text), NULL, 1000)))`);
  }
  return all;
}

export interface MessageAttempt {
  at: Date;
  provider: string;
  outcome: string;
  error: string | null;
  detail: string | null;
  ms: number;
}
export interface MessageReport {
  at: Date;
  status: string;
  state: string;
}

/** One message with each call of a carrier and what carriers told afterwards. */
export async function findMessage(
  { tx, tenantId }: Context,
  id: bigint,
): Promise<(Message & { attempts: MessageAttempt[]; reports: MessageReport[] }) | undefined> {
  const [row] = await tx.$queryRaw<Row[]>`
    SELECT ${columns} FROM message m LEFT JOIN subscriber c ON c.id = m.subscriber_id WHERE m.id = ${id} AND m.tenant_id = ${tenantId}`;
  if (!row) return undefined;
  const attempts = await tx.$queryRaw<MessageAttempt[]>`
    SELECT at, provider, outcome, error, detail, ms FROM message_attempt WHERE message_id = ${id} ORDER BY id LIMIT 50`;
  const reports = row.provider_ref
    ? await tx.$queryRaw<MessageReport[]>`
        SELECT at, status, state FROM message_report WHERE tenant_id = ${tenantId} AND provider = ${row.provider} AND provider_ref = ${row.provider_ref} ORDER BY id LIMIT 50`
    : [];
  return { ...toMessage(row), attempts, reports };
}
