import { z } from 'zod';
import type { Context } from '../platform/context';
import { LOCALES } from '../platform/i18n';
import { pageRoute, seeOther, view, type PageResult, type PageRoute, type Web } from '../platform/http/page';
import type { Person } from '../platform/http/person';
import { notFound } from '../platform/http/problem';
import { fieldsOf, formatMoney, formErrors, readerFor, type Reader } from '../ui';
import { channels, messageKinds } from './catalogue';
import { namesOf } from './compose';
import { readSettings } from './settings';
import type { TemplateFault } from './template';
import {
  findTemplate,
  listTemplates,
  previewTemplate,
  resetTemplate,
  saveTemplate,
  templateFaults,
  templateId,
  templateInput,
  templateKey,
  type TemplateKey,
} from './templates';

const form = z.object({
  subject: z.string().max(400).default(''),
  body: z.string().max(6_000).default(''),
  version: z.coerce.number().int().default(0),
  act: z.enum(['save', 'preview']).default('save'),
});

const words = (fault: TemplateFault, names: string[], { t }: Reader): string => {
  if (fault.kind === 'syntax') return t('messages.fault_syntax', { line: fault.line });
  if (fault.kind === 'unknown') return t('messages.fault_unknown', { name: fault.name, names: names.join(', ') });
  return t('messages.fault_not_allowed', { piece: fault.piece });
};

interface Typed {
  subject: string;
  body: string;
  version: number;
  errors: Record<string, string>;
  status: number;
}

async function editPage(ctx: Context, person: Person, key: TemplateKey, web: Web, typed?: Typed): Promise<PageResult> {
  const reader = readerFor(ctx, person);
  const { t, locale } = reader;
  const template = await findTemplate(ctx, key);
  const shown = typed ?? {
    subject: template.subject ?? '',
    body: template.body,
    version: template.version,
    errors: {},
    status: 200,
  };
  const { name: company, timezone: zone, currency } = person.tenant;
  const faulty = templateFaults(key, { subject: shown.subject, body: shown.body || ' ' });
  const preview = faulty ? undefined : previewTemplate(key, shown, { company, zone, currency, nowMs: reader.nowMs });
  const { segment_micros } = await readSettings(ctx);
  const size = preview?.segments;
  const price = segment_micros !== null && size ? Math.round((segment_micros * size.segments) / 10_000) : undefined;
  const field = fieldsOf('messages', { subject: shown.subject, body: shown.body }, shown.errors, reader);
  return view(
    'messages/template',
    {
      title: t(`messages.kind_${key.kind}`),
      told: web.query['told'] === 'saved' && !typed ? { text: t('messages.told_template') } : undefined,
      errors: formErrors(shown.errors),
      id: templateId(key),
      version: shown.version,
      own: template.own,
      mayChange: person.actor.permissions.has('messages.settings'),
      when: t(`messages.when_${key.kind}`),
      tabs: channels.flatMap((channel) =>
        LOCALES.map((one) => ({
          href: `/messages/templates/${templateId({ kind: key.kind, channel, locale: one })}`,
          label: `${t(`messages.channel_${channel}`)}, ${t(`messages.their_locale_${one}`)}`,
          current: channel === key.channel && one === key.locale,
        })),
      ),
      subject: key.channel === 'email' ? field('subject', { max: 200 }) : undefined,
      body: field('body', { max: 5_000, help: t('messages.body_help') }),
      rows: key.channel === 'email' ? 12 : 5,
      names: namesOf(key.kind).map((name) => ({ name: `{{${name}}}`, meaning: t(`messages.value_${name}`) })),
      preview: preview && {
        subject: preview.subject,
        text: preview.text,
        size: size && t(`messages.size_${size.encoding}`, { count: size.segments }),
        costly:
          size && size.costly.length > 0 ? t('messages.costly', { letters: size.costly.slice(0, 10).join(' ') }) : '',
        price: price === undefined ? '' : t('messages.price_each', { amount: formatMoney(price, currency, locale) }),
      },
    },
    { status: shown.status },
  );
}

function mustBe(id: string): TemplateKey {
  const key = templateKey(id);
  if (!key) throw notFound('Those words');
  return key;
}

/** The words of messages: all of them, and one to change. */
export const templateRoutes: PageRoute[] = [
  pageRoute({
    method: 'GET',
    path: '/messages/templates',
    permission: 'messages.read',
    async run(ctx, _input, _web, person) {
      const { t } = readerFor(ctx, person);
      const all = await listTemplates(ctx);
      return view('messages/templates', {
        title: t('messages.templates'),
        rows: messageKinds.map((kind) => {
          const own = all.filter((one) => one.kind === kind && one.own).length;
          const shown = all.find(
            (one) => one.kind === kind && one.channel === 'sms' && one.locale === asShown(person.locale),
          );
          return {
            href: `/messages/templates/${templateId({ kind, channel: 'sms', locale: asShown(person.locale) })}`,
            name: t(`messages.kind_${kind}`),
            when: t(`messages.when_${kind}`),
            body: shown?.body,
            own: own > 0 ? t('messages.own_words', { count: own }) : t('messages.shipped_words'),
          };
        }),
      });
    },
  }),
  pageRoute({
    method: 'GET',
    path: '/messages/templates/:template',
    permission: 'messages.read',
    run: (ctx, { params }, web, person) => editPage(ctx, person, mustBe(params.template), web),
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/templates/:template',
    permission: 'messages.settings',
    form,
    async run(ctx, { params, form: sent }, web, person) {
      const reader = readerFor(ctx, person);
      const key = mustBe(params.template);
      const typed = sent.ok
        ? sent.value
        : { ...form.parse({}), subject: sent.values['subject'] ?? '', body: sent.values['body'] ?? '' };
      const again = (errors: Record<string, string>, status = 422) =>
        editPage(ctx, person, key, web, { ...typed, errors, status });
      const input = templateInput.safeParse(typed);
      if (!sent.ok || !input.success) return again({ body: reader.t('messages.body_needed') });
      if (typed.act === 'preview' && !templateFaults(key, input.data)) return again({}, 200);
      const outcome = await saveTemplate(ctx, key, input.data);
      if (outcome.kind === 'done') return seeOther(`/messages/templates/${templateId(key)}?told=saved`);
      if (outcome.kind === 'changed_meanwhile') return again({ body: reader.t('ui.changed_meanwhile') }, 409);
      const names = namesOf(key.kind);
      const [subject, body] = [outcome.subject[0], outcome.body[0]];
      return again({
        ...(subject ? { subject: words(subject, names, reader) } : {}),
        ...(body ? { body: words(body, names, reader) } : {}),
      });
    },
  }),
  pageRoute({
    method: 'POST',
    path: '/messages/templates/:template/reset',
    permission: 'messages.settings',
    async run(ctx, { params }) {
      const key = mustBe(params.template);
      await resetTemplate(ctx, key);
      return seeOther(`/messages/templates/${templateId(key)}?told=saved`);
    },
  }),
];

const asShown = (locale: string): 'en' | 'sw' => (locale === 'sw' ? 'sw' : 'en');
