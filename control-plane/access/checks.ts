import { formatBytes, formatDeadline, formatMoment, formatSpan } from '../ui';
import type { Reader } from '../ui';
import type { Explained, Facts } from './explain-access';

export type CheckName =
  | 'router'
  | 'signature'
  | 'method'
  | 'tunnel'
  | 'certificate'
  | 'caller'
  | 'tries'
  | 'login'
  | 'password'
  | 'company'
  | 'status'
  | 'device'
  | 'sessions'
  | 'paid'
  | 'data'
  | 'time'
  | 'hours';

interface Spec {
  name: CheckName;
  /** The reasons with which this check shuts the gate. */
  reasons: readonly string[];
  /** What it compared. */
  detail: (facts: Facts, reader: Reader) => string;
  /** Whether a request of this kind meets it at all; every one does unless said otherwise. */
  met?: (facts: Facts) => boolean;
}

const byCertificate = ({ method: used }: Facts): boolean => used === 'tls';

/** The checks in the order in which a request meets them. A test holds them to access_reasons(): each reason that refuses belongs to one of them. */
export const CHECKS: readonly Spec[] = [
  { name: 'router', reasons: ['unknown_router'], detail: router },
  { name: 'signature', reasons: ['unsigned_request', 'unsigned_proxy'], detail: signature },
  { name: 'method', reasons: ['unsupported_method'], detail: method },
  { name: 'tunnel', reasons: ['no_tunnel'], detail: tunnel, met: ({ service }) => service === 'dot1x' },
  { name: 'certificate', reasons: ['unknown_certificate'], detail: certificate, met: byCertificate },
  { name: 'caller', reasons: ['two_devices'], detail: caller, met: ({ tried }) => tried?.reason === 'two_devices' },
  { name: 'tries', reasons: ['too_many_tries'], detail: tries },
  { name: 'login', reasons: ['unknown_user', 'ended'], detail: login },
  { name: 'password', reasons: ['wrong_password'], detail: password, met: (facts) => !byCertificate(facts) },
  { name: 'company', reasons: ['company_closed'], detail: ({ company }, { t }) => t(`access.company_${company}`) },
  { name: 'status', reasons: ['suspended', 'paused'], detail: status },
  { name: 'device', reasons: ['wrong_mac'], detail: device },
  { name: 'sessions', reasons: ['too_many_sessions'], detail: sessions },
  { name: 'paid', reasons: ['unpaid', 'expired'], detail: paid },
  { name: 'data', reasons: ['capped'], detail: data },
  { name: 'time', reasons: ['time_used_up'], detail: time },
  { name: 'hours', reasons: ['outside_hours'], detail: hours },
];

export interface Check {
  name: CheckName;
  /** `not_reached`: something before it shut the gate, so nobody asked. */
  outcome: 'pass' | 'stop' | 'not_reached';
  detail: string;
}

/** What each check that such a request meets saw, in words of the reader. All of them, also those after the one that shuts the gate. */
export function checksOf(explained: Pick<Explained, 'reason' | 'facts'>, reader: Reader): Check[] {
  const met = CHECKS.filter((check) => check.met?.(explained.facts) ?? true);
  const stop = met.findIndex(({ reasons }) => reasons.includes(explained.reason));
  return met.map(({ name, detail }, place) => ({
    name,
    outcome: stop === -1 || place < stop ? 'pass' : place === stop ? 'stop' : 'not_reached',
    detail: detail(explained.facts, reader),
  }));
}

function router({ router: asked }: Facts, reader: Reader): string {
  const { t } = reader;
  if (!asked) return t('access.router_none');
  const heard = asked.heard_at
    ? t('access.router_heard', { when: formatMoment(new Date(asked.heard_at), reader) })
    : t('access.router_never');
  const wrong = asked.secret_wrong_at
    ? ` ${t('access.router_secret_wrong', { when: formatMoment(new Date(asked.secret_wrong_at), reader) })}`
    : '';
  return `${asked.name}, ${asked.address}, ${heard}.${wrong}`;
}

function signature({ router: asked, signed, proxied }: Facts, { t }: Reader): string {
  const rule =
    asked?.policy === 'require' || (asked?.policy === 'auto' && asked.has_signed)
      ? t(asked.policy === 'auto' ? 'access.signature_learned' : 'access.signature_required')
      : t(`access.signature_${proxied && asked?.policy === 'auto' ? 'proxied' : (asked?.policy ?? 'auto')}`);
  return `${t(signed ? 'access.signed' : 'access.unsigned')} ${rule}`;
}

/** What FreeRADIUS wrote down of such a request; nobody else has more than one. */
function caller({ station }: Facts, { t }: Reader): string {
  return t('access.caller_two', { devices: station ?? '–' });
}

function method({ method: used, service }: Facts, { t }: Reader): string {
  if (used === 'none') return t('access.method_none');
  if (used) return t('access.method_used', { method: sayMethod(used) });
  return t(service === 'dot1x' ? 'access.method_any_tunnel' : 'access.method_any');
}

/** Only the device knows whether it trusts us; of a try it is known what came of that. */
function tunnel({ certificate: shown, tried }: Facts, reader: Reader): string {
  const { t } = reader;
  if (tried?.reason === 'no_tunnel')
    return t('access.tunnel_failed', { when: formatDeadline(new Date(tried.at), reader) });
  if (shown?.ended)
    return t('access.tunnel_ended', { name: shown.name, when: formatDeadline(new Date(shown.not_after), reader) });
  return t(tried ? 'access.tunnel_made' : 'access.tunnel_taken');
}

function certificate({ certificate: shown }: Facts, reader: Reader): string {
  const { t } = reader;
  if (!shown) return t('access.certificate_none');
  const { name, username, revoked_at, not_after } = shown;
  return t(revoked_at ? 'access.certificate_revoked' : 'access.certificate_held', {
    name,
    username,
    when: formatDeadline(new Date(revoked_at ?? not_after), reader),
  });
}

/** A method as engineers write it. */
export function sayMethod(name: string): string {
  const names: Record<string, string> = {
    pap: 'PAP',
    chap: 'CHAP',
    mschap: 'MS-CHAP',
    mschap1: 'MS-CHAP',
    mschap2: 'MS-CHAPv2',
    eap: 'EAP',
    peap: 'PEAP',
    ttls: 'EAP-TTLS',
    tls: 'EAP-TLS',
    'eap-peap': 'PEAP',
  };
  return names[name.toLowerCase()] ?? name;
}

function tries({ tries: counted }: Facts, reader: Reader): string {
  const { t } = reader;
  if (!counted?.tries) return t('access.tries_none');
  if (!counted.wait_until) return t('access.tries_some', { tries: counted.tries });
  return t('access.tries_wait', { tries: counted.tries, when: formatMoment(new Date(counted.wait_until), reader) });
}

function login({ login: found, username, voucher }: Facts, { t }: Reader): string {
  if (!found && voucher)
    return t(voucher.voided ? 'access.login_voucher_void' : 'access.login_voucher', {
      code: voucher.code,
      plan: voucher.plan,
    });
  if (!found) return t('access.login_none', { username });
  return t('access.login_found', { username, subscriber: found.subscriber, plan: found.plan });
}

function password({ login: found, last_try: last, tried }: Facts, reader: Reader): string {
  const { t } = reader;
  if (!found) return t('access.password_nobody');
  if (!found.has_password) return t('access.password_none');
  if (tried?.reason === 'wrong_password') {
    const set = found.password_set_at && new Date(found.password_set_at) > new Date(tried.at) && found.password_set_at;
    return t(set ? 'access.password_anew' : 'access.password_then_wrong', {
      when: formatDeadline(new Date(set || tried.at), reader),
    });
  }
  if (last?.reason === 'wrong_password')
    return t('access.password_was_wrong', { when: formatDeadline(new Date(last.at), reader) });
  return t('access.password_set');
}

function status({ login: found }: Facts, { t }: Reader): string {
  if (!found) return t('access.nothing_to_check');
  return found.status === 'suspended' && found.suspended_reason
    ? t('access.status_suspended', { reason: found.suspended_reason })
    : t(`access.status_${found.status}`);
}

function device({ login: found, station }: Facts, { t }: Reader): string {
  if (!found?.mac_lock) return t('access.device_free');
  if (!station) return t('access.device_not_given', { lock: found.mac_lock });
  return t('access.device_locked', { lock: found.mac_lock, asking: station });
}

function sessions({ login: found, online }: Facts, { t }: Reader): string {
  return found ? t('access.sessions_online', { online, most: found.simultaneous_use }) : t('access.nothing_to_check');
}

function paid({ login: found }: Facts, reader: Reader): string {
  const { t } = reader;
  if (!found) return t('access.nothing_to_check');
  if (found.unused_validities > 0) return t('access.paid_unused');
  if (!found.expires_at || !found.valid_until) return t('access.paid_never');
  const until = new Date(found.valid_until);
  return t(until > new Date(found.expires_at) ? 'access.paid_until_grace' : 'access.paid_until', {
    when: formatDeadline(until, reader),
  });
}

function data({ login: found }: Facts, { t, locale }: Reader): string {
  if (!found) return t('access.nothing_to_check');
  if (found.allowance_bytes === null) return t('access.data_free');
  return t('access.data_used', {
    used: formatBytes(found.used_bytes, locale),
    total: formatBytes(found.allowance_bytes, locale),
  });
}

function time({ login: found }: Facts, { t }: Reader): string {
  if (!found) return t('access.nothing_to_check');
  if (found.online_s === null) return t('access.time_free');
  return t('access.time_used', {
    used: formatSpan((found.online_used_s ?? 0) * 1000),
    total: formatSpan(found.online_s * 1000),
  });
}

function hours({ login: found }: Facts, { t }: Reader): string {
  if (!found) return t('access.nothing_to_check');
  return t(found.has_hours ? 'access.hours_some' : 'access.hours_all');
}
