import { z } from 'zod';
import type { Context } from '../platform/context';
import { cursorId, idField, listQuery } from '../platform/http/input';
import { conflict, invalid, notFound, Problem } from '../platform/http/problem';
import { route, type ApiRoute } from '../platform/http/route';
import { normalizePhone } from '../subscribers';
import { findAccount, listAccounts, type AccountSeen } from './account.queries';
import { isProvider, type Provider } from './accounts';
import { channels } from './catalogue';
import { enqueueMessage, tellSubscriber, type Enqueued } from './enqueue-message';
import { findMessage, listMessages, messageStates } from './queries';
import { retryMessages } from './retry-messages';
import { removeAccount, saveAccount } from './save-account';
import { faultWords } from './template';
import {
  findTemplate,
  listTemplates,
  resetTemplate,
  saveTemplate,
  templateInput,
  templateKey,
  type TemplateKey,
} from './templates';

const accountAnswer = z.looseObject({
  provider: z.string(),
  channel: z.enum(channels),
  configured: z.boolean(),
  enabled: z.boolean(),
  position: z.int(),
  secrets: z.array(z.string()).meta({ description: 'names of the secrets that are kept; what they are is never told' }),
  fault: z.string().nullable(),
  fault_at: z.date().nullable(),
  version: z.int(),
});
const messageAnswer = z.object({
  id: z.string(),
  kind: z.string(),
  channel: z.enum(channels),
  recipient: z.string(),
  client_id: z.string().nullable(),
  client_name: z.string().nullable(),
  subscription_id: z.string().nullable(),
  state: z.enum(messageStates),
  error: z.string().nullable(),
  error_detail: z.string().nullable(),
  subject: z.string().nullable(),
  body: z.string().nullable(),
  provider: z.string().nullable(),
  provider_ref: z.string().nullable(),
  provider_status: z.string().nullable(),
  segments: z.int().nullable(),
  cost: z.string().nullable(),
  cost_currency: z.string().nullable(),
  tries: z.int(),
  due_at: z.date().nullable(),
  sent_at: z.date().nullable(),
  ended_at: z.date().nullable(),
  created_at: z.date(),
});
const attemptAnswer = z.object({
  at: z.date(),
  provider: z.string(),
  outcome: z.string(),
  error: z.string().nullable(),
  detail: z.string().nullable(),
  ms: z.int(),
});
const messageWhole = messageAnswer.extend({
  attempts: z.array(attemptAnswer),
  reports: z.array(z.object({ at: z.date(), status: z.string(), state: z.string() })),
});
const templateAnswer = z.object({
  id: z.string(),
  kind: z.string(),
  channel: z.enum(channels),
  locale: z.enum(['en', 'sw']),
  subject: z.string().nullable(),
  body: z.string(),
  own: z.boolean(),
  version: z.int(),
});

const shape = ({ settings, ...seen }: AccountSeen) => ({ ...settings, ...seen });

function mustBeProvider(text: string): Provider {
  if (!isProvider(text)) throw notFound('That provider');
  return text;
}
function mustBeTemplate(text: string): TemplateKey {
  const key = templateKey(text);
  if (!key) throw notFound('That template');
  return key;
}

const text = z
  .string('is needed')
  .transform((value) => value.replace(/\r\n?/g, '\n').trim())
  .pipe(z.string().min(1, 'is needed').max(1_000));
const newSms = z
  .object({ phone: z.string().max(40).optional(), client_id: idField.optional(), message: text })
  .refine((o) => (o.phone === undefined) !== (o.client_id === undefined), {
    path: ['phone'],
    message: 'is needed, or client_id, and not both',
  });
const bulkSms = z.object({
  client_ids: z.array(idField).min(1, 'must name at least one client').max(1_000, 'may name 1000 clients at most'),
  message: text,
});

/** The first of the outcomes that went out, or a refusal in words. */
async function sentOf(ctx: Context, outcomes: Enqueued[]) {
  const queued = outcomes.find((one) => one.kind === 'queued');
  if (queued) return findMessage(ctx, queued.id);
  const [first] = outcomes;
  if (first?.kind === 'bad_address') throw invalid({ phone: 'is no phone number' });
  if (first?.kind === 'muted') throw conflict('muted', 'This client does not want to hear of news. Call them instead.');
  if (first === undefined) throw conflict('no_address', 'This client cannot be written to.');
  throw conflict(
    'no_provider',
    'No provider carries this channel. Enter one at settings/messages/africastalking first.',
  );
}

const settings: ApiRoute[] = [
  route({
    method: 'GET',
    path: '/settings/messages',
    summary: 'List who carries messages',
    permission: 'messages.settings',
    answer: z.object({ items: z.array(accountAnswer), nextCursor: z.null() }),
    run: async (ctx) => ({ items: (await listAccounts(ctx)).map(shape), nextCursor: null }),
  }),
  route({
    method: 'GET',
    path: '/settings/messages/:provider',
    summary: 'Read an account with a provider: africastalking, twilio, smtp, sendgrid or resend',
    permission: 'messages.settings',
    answer: accountAnswer,
    run: async (ctx, { params }) => shape(await findAccount(ctx, mustBeProvider(params.provider))),
  }),
  route({
    method: 'PUT',
    path: '/settings/messages/:provider',
    summary: 'Set an account with a provider; a secret that is left out stays what it was',
    permission: 'messages.settings',
    body: z.record(z.string(), z.unknown()),
    answer: accountAnswer,
    async run(ctx, { params, body }) {
      const provider = mustBeProvider(params.provider);
      const outcome = await saveAccount(ctx, provider, body);
      if (outcome.kind === 'invalid') throw invalid(outcome.fields);
      if (outcome.kind === 'changed_meanwhile')
        throw conflict('changed_meanwhile', 'Somebody changed this account meanwhile. Read it again.');
      return shape(await findAccount(ctx, provider));
    },
  }),
  route({
    method: 'DELETE',
    path: '/settings/messages/:provider',
    summary: 'Forget an account with a provider, with its secrets',
    permission: 'messages.settings',
    async run(ctx, { params }) {
      if ((await removeAccount(ctx, mustBeProvider(params.provider))) === 'not_found') throw notFound('That account');
    },
  }),
];

const sending: ApiRoute[] = [
  route({
    method: 'POST',
    path: '/sms/send',
    summary: 'Send a message to a number, or to a client on the channel that they want',
    permission: 'messages.send',
    body: newSms,
    answer: messageWhole,
    async run(ctx, { body }, person) {
      const { phone, client_id, message } = body;
      if (client_id !== undefined) {
        if (!(await ctx.tx.subscriber.findFirst({ where: { id: client_id, deleted_at: null } })))
          throw invalid({ client_id: 'is no client of yours' });
        return sentOf(ctx, await tellSubscriber(ctx, client_id, { kind: 'notice', values: { text: message } }));
      }
      const recipient = normalizePhone(phone ?? '', person.tenant.currency) ?? '';
      return sentOf(ctx, [
        await enqueueMessage(ctx, { kind: 'notice', channel: 'sms', recipient, values: { text: message } }),
      ]);
    },
  }),
  route({
    method: 'POST',
    path: '/sms/bulk-send',
    summary: 'Send a message to up to a thousand clients',
    permission: 'messages.send',
    body: bulkSms,
    answer: z.object({ queued: z.int(), skipped: z.int() }),
    async run(ctx, { body }) {
      const here = await ctx.tx.subscriber.findMany({
        where: { id: { in: body.client_ids }, deleted_at: null },
        select: { id: true },
      });
      let queued = 0;
      for (const { id } of here) {
        const outcomes = await tellSubscriber(ctx, id, { kind: 'notice', values: { text: body.message } });
        if (outcomes.some((one) => one.kind === 'queued')) queued += 1;
      }
      return { queued, skipped: body.client_ids.length - queued };
    },
  }),
  route({
    method: 'GET',
    path: '/sms/logs',
    summary: 'List messages, newest first',
    permission: 'messages.read',
    query: listQuery.extend({
      state: z.enum(messageStates).optional(),
      channel: z.enum(channels).optional(),
      client_id: idField.optional(),
    }),
    answer: z.object({ items: z.array(messageAnswer), nextCursor: z.string().nullable() }),
    run: (ctx, { query: { q, state, channel, client_id, cursor, limit } }) =>
      listMessages(ctx, { q, state, channel, subscriber_id: client_id }, { before: cursorId(cursor), limit }),
  }),
  route({
    method: 'GET',
    path: '/sms/logs/:id',
    summary: 'Read a message with each try and what the provider told',
    permission: 'messages.read',
    answer: messageWhole,
    async run(ctx, { params }) {
      const found = await findMessage(ctx, params.id);
      if (!found) throw notFound('That message');
      return found;
    },
  }),
  route({
    method: 'POST',
    path: '/sms/logs/:id/retry',
    summary: 'Send a message again that failed or of which nobody knows',
    permission: 'messages.send',
    status: 200,
    answer: messageWhole,
    async run(ctx, { params }) {
      if (!(await findMessage(ctx, params.id))) throw notFound('That message');
      if ((await retryMessages(ctx, [params.id])) === 0)
        throw conflict(
          'not_again',
          'Only messages that failed, were dropped or are unknown are sent again, and never codes or invitations.',
        );
      return findMessage(ctx, params.id);
    },
  }),
];

const templates: ApiRoute[] = [
  route({
    method: 'GET',
    path: '/sms/templates',
    summary: 'List the words of all messages, SMS and e-mail, English and Swahili',
    permission: 'messages.read',
    answer: z.object({ items: z.array(templateAnswer), nextCursor: z.null() }),
    run: async (ctx) => ({ items: await listTemplates(ctx), nextCursor: null }),
  }),
  route({
    method: 'GET',
    path: '/sms/templates/:template',
    summary: 'Read a template by its id, as payment_received.sms.en',
    permission: 'messages.read',
    answer: templateAnswer,
    run: (ctx, { params }) => findTemplate(ctx, mustBeTemplate(params.template)),
  }),
  route({
    method: 'PATCH',
    path: '/sms/templates/:template',
    summary: 'Set the company’s own words',
    permission: 'messages.settings',
    body: templateInput,
    answer: templateAnswer,
    async run(ctx, { params, body }) {
      const key = mustBeTemplate(params.template);
      const outcome = await saveTemplate(ctx, key, body);
      if (outcome.kind === 'faults')
        throw invalid({
          ...(outcome.subject[0] ? { subject: faultWords(outcome.subject[0]) } : {}),
          ...(outcome.body[0] ? { body: faultWords(outcome.body[0]) } : {}),
        });
      if (outcome.kind === 'changed_meanwhile')
        throw new Problem(409, 'changed_meanwhile', 'Somebody changed these words meanwhile. Read them again.');
      return findTemplate(ctx, key);
    },
  }),
  route({
    method: 'DELETE',
    path: '/sms/templates/:template',
    summary: 'Go back to the words that are shipped',
    permission: 'messages.settings',
    run: (ctx, { params }) => resetTemplate(ctx, mustBeTemplate(params.template)),
  }),
];

export const apiRoutes: ApiRoute[] = [...settings, ...sending, ...templates];
