import { formatCount, formatLatency, formatMoment, formatSpan, outcomeBadge, stateBadge, type Reader } from '../ui';
import { eventNames, type EventName } from './catalogue';
import type { Delivery, DeliveryWithAttempts, Endpoint } from './schema';

/** Groups of the form, in the order of the catalogue: the first word of the event's name. */
const groups = [...new Set(eventNames.map((name) => name.split('.')[0] ?? ''))];

/** The sentence of an event in the reader's language; its key has no dots, which part slice and word. */
export function eventWords(name: EventName, { t }: Reader): string {
  return t(`webhooks.event_${name.replace('.', '_')}`);
}

/** The boxes of the form: all of a group together, those of `chosen` checked. */
export function eventChoices(chosen: readonly string[], reader: Reader) {
  return groups.map((group) => ({
    legend: reader.t(`webhooks.group_${group}`),
    events: eventNames
      .filter((name) => name.startsWith(`${group}.`))
      .map((name) => ({ name, words: eventWords(name, reader), checked: chosen.includes(name) })),
  }));
}

function badge(endpoint: Endpoint, reader: Reader) {
  const { t } = reader;
  if (endpoint.state === 'paused') return stateBadge('paused', reader, { why: t('webhooks.why_paused') });
  const since = endpoint.failing_since && formatMoment(endpoint.failing_since, reader);
  if (endpoint.state === 'disabled')
    return stateBadge('blocked', reader, { word: t('webhooks.disabled'), why: t('webhooks.why_disabled') });
  if (since)
    return stateBadge('stale', reader, { word: t('webhooks.failing'), why: t('webhooks.why_failing', { since }) });
  return stateBadge('active', reader);
}

/** An endpoint as list and page show it. */
export function printEndpoint(endpoint: Endpoint, reader: Reader) {
  const { t, locale } = reader;
  return {
    id: endpoint.id,
    href: `/webhooks/${endpoint.id}`,
    url: endpoint.url,
    description: endpoint.description,
    state: badge(endpoint, reader),
    active: endpoint.state === 'active',
    disabled: endpoint.state === 'disabled',
    events: endpoint.events.includes('*')
      ? t('webhooks.all_events')
      : t('webhooks.some_events', { count: endpoint.events.length }),
    names: endpoint.events.includes('*') ? t('webhooks.all_events') : endpoint.events.join(', '),
    last: endpoint.last_success_at ? formatMoment(endpoint.last_success_at, reader) : t('webhooks.never'),
    waiting: formatCount(endpoint.waiting, locale),
    former: endpoint.former_secret_until
      ? t('webhooks.former', { until: formatMoment(endpoint.former_secret_until, reader) })
      : '',
    version: endpoint.version,
  };
}

/** What came of a delivery so far, in a few words. */
function answerWords(
  delivery: Pick<Delivery, 'last_status' | 'last_fault' | 'last_ms'>,
  { t, locale }: Reader,
): string {
  const ms = delivery.last_ms === null ? '' : `, ${formatLatency(delivery.last_ms, locale)}`;
  if (delivery.last_fault) return `${t(`webhooks.fault_${delivery.last_fault}`)}${ms}`;
  return delivery.last_status === null ? t('webhooks.not_tried') : `HTTP ${delivery.last_status}${ms}`;
}

export function printDelivery(delivery: Delivery, reader: Reader) {
  const outcome = { waiting: 'waiting', delivered: 'done', failed: 'failed' } as const;
  return {
    href: `/webhooks/deliveries/${delivery.id}`,
    type: delivery.type,
    message: delivery.message_id,
    at: formatMoment(delivery.at, reader),
    outcome: outcomeBadge(outcome[delivery.state], reader),
    answer: answerWords(delivery, reader),
    next: delivery.next_try_at && delivery.tries > 0 ? nextWords(delivery.next_try_at, reader) : '',
    tries: formatCount(delivery.tries, reader.locale),
  };
}

function nextWords(at: Date, { t, nowMs }: Reader): string {
  const left = at.getTime() - nowMs;
  return left <= 0 ? t('webhooks.next_now') : t('webhooks.next_in', { span: formatSpan(left) });
}

/** Each try as a line of the timeline, with what came back. */
export function printAttempts(delivery: DeliveryWithAttempts, reader: Reader) {
  return delivery.attempts.map((attempt) => {
    const good = attempt.status !== null && attempt.status >= 200 && attempt.status < 300;
    return {
      iso: attempt.at.toISOString(),
      time: formatMoment(attempt.at, reader),
      arch: good ? 'online' : 'shut',
      tone: good ? 'good' : 'bad',
      what: answerWords({ last_status: attempt.status, last_fault: attempt.fault, last_ms: attempt.ms }, reader),
      request: headLines(attempt.request_head),
      response: headLines(attempt.response_head),
      body: attempt.response_body ?? '',
    };
  });
}

function headLines(head: Record<string, string>): string {
  return Object.entries(head)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}
