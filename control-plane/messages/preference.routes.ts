import { z } from 'zod';
import { seeOther, type PageRoute } from '../platform/http/page';
import { notFound } from '../platform/http/problem';
import { formPages } from '../ui';
import { topics } from './catalogue';
import { findPreference, savePreference } from './preferences';

const LOCALES = ['', 'en', 'sw'] as const;
const CHANNELS = ['', 'sms', 'email', 'both'] as const;

/** What one customer wants to hear of, how and in which language. */
export const preferenceRoutes: PageRoute[] = formPages({
  slice: 'messages',
  view: 'messages/preferences',
  page: '/messages/preferences/:subscriber_id',
  post: '/messages/preferences/:subscriber_id',
  permission: 'subscribers.write',
  sees: 'subscribers.read',
  // A box that is not marked does not come at all: what cannot be read must not count as one that says nothing.
  form: z.object({ locale: z.enum(LOCALES).default(''), channel: z.enum(CHANNELS).default('') }).catchall(z.string()),
  word: (name, { t }) => t(name === 'locale' ? 'messages.wanted_locale' : 'messages.wanted_silent'),
  async open({ ctx, params }) {
    const found = await findPreference(ctx, params.subscriber_id);
    if (!found) throw notFound('That client');
    return { ...found, id: params.subscriber_id };
  },
  seen: ({ locale, channel, muted }) => [locale, channel, muted],
  values: ({ locale, channel, muted }) => ({
    locale: locale ?? '',
    channel: channel ?? '',
    ...Object.fromEntries(topics.filter((topic) => !muted.includes(topic)).map((topic) => [topic, 'on'])),
  }),
  draw({ values, field }, { about: { id, name, email }, t }) {
    const choice = (which: 'locale' | 'channel', options: readonly string[]) =>
      field(which, {
        label: t(`messages.their_${which}`),
        options: options.map((value) => ({
          value,
          label: t(`messages.their_${which}_${value || 'usual'}`),
          selected: value === values[which],
        })),
        ...(which === 'channel' && email === null ? { help: t('messages.no_email') } : {}),
      });
    return {
      title: t('messages.preferences_of', { name }),
      id: id.toString(),
      name,
      back: `/subscribers/${id}`,
      language: choice('locale', LOCALES),
      channel: choice('channel', CHANNELS),
      topics: topics.map((topic) => ({
        name: topic,
        label: t(`messages.topic_${topic}`),
        wanted: values[topic] === 'on',
      })),
    };
  },
  async save(values, { ctx, params }) {
    const { locale, channel } = values;
    const muted = topics.filter((topic) => values[topic] !== 'on');
    const wish = { locale: locale || null, channel: channel || null, muted };
    if ((await savePreference(ctx, params.subscriber_id, wish)) === 'not_found') throw notFound('That client');
    return seeOther(`/subscribers/${params.subscriber_id}`);
  },
});
