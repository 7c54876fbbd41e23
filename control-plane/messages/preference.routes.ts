import { z } from 'zod';
import type { Context } from '../platform/context';
import { pageRoute, seeOther, view, type PageResult, type PageRoute } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { readerFor } from '../ui';
import { topics } from './catalogue';
import { findPreference, savePreference } from './preferences';

async function preferencePage(ctx: Context, person: Person, id: bigint): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t } = reader;
  const found = await findPreference(ctx, id);
  if (!found) throw notFound('That client');
  const choice = (name: 'locale' | 'channel', values: string[]) => ({
    name,
    label: t(`messages.their_${name}`),
    value: found[name] ?? '',
    options: ['', ...values].map((value) => ({
      value,
      label: t(`messages.their_${name}_${value || 'usual'}`),
      selected: value === (found[name] ?? ''),
    })),
    ...(name === 'channel' && found.email === null ? { help: t('messages.no_email') } : {}),
  });
  return view('messages/preferences', {
    title: t('messages.preferences_of', { name: found.name }),
    id: id.toString(),
    name: found.name,
    back: `/subscribers/${id}`,
    language: choice('locale', ['en', 'sw']),
    channel: choice('channel', ['sms', 'email', 'both']),
    topics: topics.map((topic) => ({
      name: topic,
      label: t(`messages.topic_${topic}`),
      wanted: !found.muted.includes(topic),
    })),
  });
}

/** What one customer wants to hear of, how and in which language. */
export const preferenceRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/messages/preferences/:subscriber_id',
    permission: 'subscribers.read',
    run: (ctx, { params }, _web, person) => preferencePage(ctx, person, params.subscriber_id),
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/preferences/:subscriber_id',
    permission: 'subscribers.write',
    form: z.record(z.string(), z.string().max(40)),
    async run(ctx, { params, form }) {
      const values = form.ok ? form.value : {};
      const locale = z.enum(['en', 'sw']).nullable().catch(null).parse(values['locale']);
      const channel = z.enum(['sms', 'email', 'both']).nullable().catch(null).parse(values['channel']);
      // A box that is not marked does not come at all.
      const muted = topics.filter((topic) => values[topic] !== 'on');
      if ((await savePreference(ctx, params.subscriber_id, { locale, channel, muted })) === 'not_found')
        throw notFound('That client');
      return seeOther(`/subscribers/${params.subscriber_id}`);
    },
  }),
];
