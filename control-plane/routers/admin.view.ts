import { formatMoment, formatSpan, stateBadge } from '../ui';
import type { Column, Reader, StateBadge } from '../ui';
import { SILENT_AFTER_MS } from './queries';
import { isCertificateAddress } from './schema';
import type { Router } from './schema';

export function heardAt(router: Router): Date | null {
  const times = [router.last_accounting_at, router.last_access_at]
    .filter((at) => at !== null)
    .map((at) => new Date(at));
  return times.length === 0 ? null : new Date(Math.max(...times.map(Number)));
}

export function routerState(router: Router, reader: Reader): StateBadge {
  const { t, nowMs } = reader;
  const heard = heardAt(router);
  if (!heard) {
    const { address } = router;
    const why = isCertificateAddress(address)
      ? t('routers.why_unknown_certificate')
      : t('routers.why_unknown', { address });
    return stateBadge('unknown', reader, { why });
  }
  const span = formatSpan(nowMs - heard.getTime());
  if (router.live_sessions > 0 && nowMs - heard.getTime() > SILENT_AFTER_MS)
    return stateBadge('silent', reader, { why: t('routers.why_silent', { span }) });
  if (router.coa_silent_since)
    return stateBadge('stale', reader, { word: t('routers.deaf'), why: t('routers.why_deaf') });
  return stateBadge('up', reader);
}

/** A router as its own page shows it. */
export function printRouter(router: Router, reader: Reader) {
  const { t } = reader;
  const heard = heardAt(router);
  const acked = router.coa_last_ack_at;
  return {
    id: router.id,
    name: router.name,
    identity: router.identity ?? t(`routers.type_${router.type}`),
    href: `/routers/${router.id}`,
    state: routerState(router, reader),
    address: isCertificateAddress(router.address) ? t('routers.by_certificate') : router.address,
    policy: router.realm
      ? `${t('routers.behind_realm', { realm: router.realm })}, ${t(`routers.policy_${router.message_authenticator}`)}`
      : t(`routers.policy_${router.message_authenticator}`),
    warnings: router.warnings.map(({ code }) => t(`routers.warning_${code}`)),
    heard: heard ? t('routers.ago', { span: formatSpan(reader.nowMs - heard.getTime()) }) : '–',
    acked: acked ? t('routers.acked', { at: formatMoment(new Date(acked), reader) }) : t('routers.never_acked'),
    online: String(router.live_sessions),
    sessions: `/sessions?router=${router.id}`,
  };
}

/** The columns of the list of routers; a card shows the name, how it stands, its address and who is online. */
export const routerColumns: Column<Router>[] = [
  {
    key: 'name',
    label: 'routers.name',
    isName: true,
    cell: (row, { t }) => ({
      first: row.name,
      href: `/routers/${row.id}`,
      second: row.identity ?? t(`routers.type_${row.type}`),
    }),
    csv: (row) => row.name,
  },
  {
    key: 'state',
    label: 'sessions.state',
    card: 'card-end',
    cell: (row, reader) => ({ state: routerState(row, reader) }),
    csv: (row, reader) => routerState(row, reader).word,
  },
  {
    key: 'address',
    label: 'routers.address',
    cell(row, reader) {
      const { address, policy } = printRouter(row, reader);
      return { first: address, id: true, second: policy };
    },
    csv: (row) => row.address,
  },
  {
    key: 'heard',
    label: 'routers.heard',
    num: true,
    card: 'not-in-card',
    cell(row, reader) {
      const { heard, acked } = printRouter(row, reader);
      return { first: heard, second: acked };
    },
    csv: (row) => heardAt(row)?.toISOString() ?? null,
  },
  {
    key: 'online',
    label: 'routers.online_head',
    num: true,
    card: 'card-end',
    cell: (row, { t }) => ({
      first: String(row.live_sessions),
      href: `/sessions?router=${row.id}`,
      afterInCard: t('routers.online'),
    }),
    csv: (row) => row.live_sessions,
  },
  {
    key: 'added',
    label: 'routers.added',
    num: true,
    extra: true,
    card: 'not-in-card',
    cell: (row, reader) => ({ first: formatMoment(new Date(row.created_at), reader) }),
    csv: (row) => row.created_at,
  },
];
