import { formatCount, formatDeadline, formatMoment } from '../ui';
import type { Reader } from '../ui';
import { checksOf, sayMethod } from './checks';
import type { Explained } from './explain-access';
import { keyText, type SuspectRouter, type TryRow } from './queries';
import { decisionOf } from './replay';
import { METHODS, SERVICES } from './schema';

/** A router whose secret looks wrong, with its remedy. */
export function suspectLine(row: SuspectRouter, reader: Reader) {
  const { t, locale } = reader;
  return {
    title: t(row.certain ? 'access.secret_wrong' : 'access.suspect', { router: row.router }),
    why: row.certain
      ? t('access.secret_wrong_why', { when: formatMoment(row.first_at, reader) })
      : t('access.suspect_why', { logins: formatCount(row.logins, locale), when: formatMoment(row.first_at, reader) }),
    href: `/routers/${row.nas_id}`,
  };
}

/** The form in which any login can be asked for. */
export function askFields(
  asked: Record<'username' | 'mac' | 'router_id' | 'service' | 'method' | 'at', string>,
  routers: { id: bigint; name: string }[],
  { t }: Reader,
  wrongAt = '',
) {
  const select = (
    name: 'router_id' | 'service' | 'method',
    first: string,
    rest: { value: string; label: string }[],
  ) => ({
    name,
    label: t(`access.${name}`),
    options: [{ value: '', label: first }, ...rest].map((one) => ({ ...one, selected: one.value === asked[name] })),
  });
  return [
    {
      name: 'username',
      label: t('access.username'),
      value: asked.username,
      required: true,
      autocomplete: 'off',
      max: 253,
    },
    { name: 'mac', label: t('access.mac'), value: asked.mac, autocomplete: 'off', max: 64, help: t('access.mac_help') },
    select(
      'router_id',
      t('access.router_first'),
      routers.map(({ id, name }) => ({ value: id.toString(), label: name })),
    ),
    select(
      'service',
      t('access.service_plan'),
      SERVICES.map((value) => ({ value, label: t(`access.service_${value}`) })),
    ),
    select(
      'method',
      t('access.method_default'),
      METHODS.map((value) => ({ value, label: value === 'none' ? t('access.method_none') : sayMethod(value) })),
    ),
    {
      name: 'at',
      label: t('access.at'),
      value: asked.at,
      type: 'datetime-local',
      help: t('access.at_help'),
      ...(wrongAt ? { error: wrongAt } : {}),
    },
  ];
}

const LOOK = { pass: ['open', 'good'], stop: ['shut', 'bad'], not_reached: ['dotted', ''] } as const;

/** The verdict, the checks and the reply. */
export function explanation(explained: Explained, reader: Reader) {
  const { t } = reader;
  const { facts, reason, decision, answered } = explained;
  const checks = checksOf(explained, reader).map(({ name, outcome, detail }, place) => ({
    place: place + 1,
    arch: LOOK[outcome][0],
    tone: LOOK[outcome][1],
    title: t(`access.check_${name}`),
    detail,
    outcome: t(`access.${outcome}`),
    stop: outcome === 'stop',
    skipped: outcome === 'not_reached',
    ...(outcome === 'stop' && explained.remedy !== null ? { remedy: t(`access.remedy_${reason}`) } : {}),
    ...(outcome === 'stop' && name === 'device' && facts.login?.mac_lock
      ? { lock: facts.login.mac_lock, asking: facts.station ?? '–' }
      : {}),
    sessions: outcome === 'stop' && name === 'sessions' ? openSessions(facts, reader) : [],
  }));
  const stop = checks.find((check) => check.stop);
  return {
    checks,
    verdict: {
      arch: decision === 'accept' ? 'online' : decision === 'garden' ? 'ajar' : 'shut',
      tone: decision === 'accept' ? 'good' : decision === 'garden' ? 'warn' : 'bad',
      title:
        stop && decision === 'reject'
          ? t('access.verdict_stop', { place: stop.place, count: checks.length, check: stop.title })
          : t(`access.verdict_${decision}`),
      why: t(`access.reason_${reason}`),
    },
    reply: explained.reply,
    replyKind: answered ? t(decision === 'reject' ? 'access.reply_reject' : 'access.reply_accept') : '',
    told: explained.reply.find(({ attribute }) => attribute === 'Reply-Message')?.value ?? '',
    customer: facts.login && {
      href: `/subscribers/${facts.login.subscriber_id}?subscription=${facts.login.subscription_id}`,
      step: t('access.open_customer', { name: facts.login.subscriber }),
    },
    router: facts.router && { href: `/routers/${facts.router.id}` },
  };
}

function openSessions(facts: Explained['facts'], reader: Reader) {
  return facts.sessions.map((one) => ({
    station: one.station ?? '–',
    router: one.router ?? reader.t('access.router_gone'),
    since: formatMoment(new Date(one.started_at), reader),
  }));
}

/** Tries of one login as a timeline; each can be asked again. */
export function tryLines(rows: TryRow[], reader: Reader, current: string | undefined) {
  const { t } = reader;
  return rows.map((row) => {
    const decision = decisionOf(row);
    return {
      iso: row.at.toISOString(),
      time: formatMoment(row.at, reader),
      arch: decision === 'accept' ? 'open' : decision === 'garden' ? 'ajar' : 'shut',
      tone: decision === 'accept' ? 'good' : decision === 'garden' ? 'warn' : 'bad',
      what: t(`access.then_${decision}`),
      detail: [
        row.reason && decision !== 'accept' ? t(`access.reason_${row.reason}`) : '',
        row.router ?? '',
        row.station ?? '',
      ]
        .filter(Boolean)
        .join(' · '),
      href: `/access/explain?try=${keyText(row)}`,
      current: keyText(row) === current,
    };
  });
}

/** What was answered when it was really asked, beside what would be answered now. */
export function thenPanel(row: TryRow, explained: Explained, reader: Reader) {
  const { t } = reader;
  const decision = decisionOf(row);
  return {
    title: t('access.then_title', { time: formatDeadline(row.at, reader) }),
    arch: decision === 'accept' ? 'open' : decision === 'garden' ? 'ajar' : 'shut',
    tone: decision === 'accept' ? 'good' : decision === 'garden' ? 'warn' : 'bad',
    what: t(`access.then_${decision}`),
    why: row.reason ? t(`access.reason_${row.reason}`) : '',
    compared: t(row.reason === explained.reason ? 'access.then_same' : 'access.then_other'),
  };
}

/** What the router sent, as far as it is kept. */
export function askedFacts(explained: Explained, row: TryRow | undefined) {
  const { facts } = explained;
  return [
    ['User-Name', facts.username],
    ['Calling-Station-Id', facts.station ?? '–'],
    ['Called-Station-Id', row?.called ?? ''],
    ['NAS', facts.router?.name ?? '–'],
    ['Service', { ppp: 'ppp', hotspot: 'hotspot', dot1x: '802.1X', none: '–' }[facts.service]],
    ['Method', facts.method ? sayMethod(facts.method) : ''],
  ]
    .filter(([, value]) => value !== '')
    .map(([label, value]) => ({ label, value }));
}
