import { z } from 'zod';
import type { Context } from '../platform/context';
import { idField } from '../platform/http/input';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formErrors, readerFor } from '../ui';
import { tellSubscriber } from './enqueue-message';
import { countSegments, plainLetters } from './segments';

const TEXT_MAX = 1_000;

async function writePage(
  ctx: Context,
  person: Person,
  clientId: bigint,
  refused?: { text: string; error: string },
): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const client = await ctx.tx.subscriber.findFirst({ where: { id: clientId, deleted_at: null } });
  if (!client) throw notFound('That client');
  const text = refused?.text ?? '';
  const errors = refused ? { text: refused.error } : {};
  const { segments, encoding } = countSegments(plainLetters(text));
  return view(
    'messages/write',
    {
      title: t('messages.write_to', { name: client.name }),
      errors: formErrors(errors),
      client: clientId.toString(),
      name: client.name,
      back: `/subscribers/${clientId}`,
      field: fieldsOf('messages', { text }, errors, reader)('text', { max: TEXT_MAX, help: t('messages.text_help') }),
      size: text ? t(`messages.size_${encoding}`, { count: segments }) : '',
    },
    refused ? { status: 422 } : {},
  );
}

/** A few words to one customer. */
export const sendRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/messages/new',
    permission: 'messages.send',
    query: z.object({ client: idField }),
    run: (ctx, { query }, _web, person) => writePage(ctx, person, query.client),
  }),
  pageRoute({
    method: 'POST',
    path: '/messages',
    permission: 'messages.send',
    form: z.object({ client: idField, text: z.string().trim().min(1).max(TEXT_MAX) }),
    async run(ctx, { form }, _web, person) {
      const { t } = readerFor(ctx, person);
      if (!form.ok) {
        const client = idField.safeParse(form.values['client']);
        if (!client.success) throw notFound('That client');
        return writePage(ctx, person, client.data, {
          text: form.values['text'] ?? '',
          error: t('messages.text_needed'),
        });
      }
      const { client, text } = form.value;
      const outcomes = await tellSubscriber(ctx, client, {
        kind: 'notice',
        values: { text: text.replace(/\r\n?/g, '\n') },
      });
      const queued = outcomes.find((one) => one.kind === 'queued');
      if (queued) return seeOther(`/messages/${queued.id}?told=sent`);
      return writePage(ctx, person, client, { text, error: t(`messages.not_sent_${outcomes[0]?.kind ?? 'nobody'}`) });
    },
  }),
];
