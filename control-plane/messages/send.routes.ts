import { z } from 'zod';
import { idField } from '../platform/http/input';
import { seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages } from '../ui';
import { tellSubscriber } from './enqueue-message';
import { countSegments, plainLetters } from './segments';

const TEXT_MAX = 1_000;

/** A few words to one customer. */
export const sendRoutes: PageRoute[] = formPages({
  slice: 'messages',
  view: 'messages/write',
  page: '/messages/new',
  post: '/messages',
  permission: 'messages.send',
  form: z.object({ client: idField, text: z.string().trim().min(1).max(TEXT_MAX) }),
  async open({ ctx }, typed) {
    const id = idField.safeParse(typed['client']);
    const client = id.success
      ? await ctx.tx.subscriber.findFirst({ where: { id: id.data, deleted_at: null } })
      : undefined;
    if (!client) throw notFound('That client');
    return client;
  },
  draw({ values, field }, { about: client, t }) {
    const text = values['text'] ?? '';
    const { segments, encoding } = countSegments(plainLetters(text));
    return {
      title: t('messages.write_to', { name: client.name }),
      client: client.id.toString(),
      name: client.name,
      back: `/subscribers/${client.id}`,
      field: field('text', { max: TEXT_MAX, help: t('messages.text_help') }),
      size: text ? t(`messages.size_${encoding}`, { count: segments }) : '',
    };
  },
  async save({ client, text }, { ctx, t }) {
    const values = { text: text.replace(/\r\n?/g, '\n') };
    const outcomes = await tellSubscriber(ctx, client, { kind: 'notice', values });
    const queued = outcomes.find((one) => one.kind === 'queued');
    if (queued) return seeOther(`/messages/${queued.id}?told=sent`);
    return { kind: 'refused', errors: { text: t(`messages.not_sent_${outcomes[0]?.kind ?? 'nobody'}`) } };
  },
});
