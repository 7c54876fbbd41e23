import { decodeValue, valueName } from '../attributes';
import type { LoginClass } from './class';
import type { Nas } from './nas';

/** What only a new session's row needs, beside the columns that every packet carries. */
export interface Details {
  nas: Nas;
  login: LoginClass | undefined;
  username: string | null;
  realm: string | null;
  identifier: string | null;
  nasIp: string | null;
  nasPort: number | undefined;
  nasPortId: string | null;
  nasPortType: number | undefined;
  serviceType: number | undefined;
  framedProtocol: number | undefined;
  authentic: number | undefined;
  called: string | null;
  calling: string | null;
  framedPrefix: Buffer | null;
  delegatedPrefix: Buffer | null;
  class: Buffer | null;
  interim_s: number | undefined;
  hotspotHost: boolean;
  sessionId: string;
}

/** Unit separator: control characters are cleaned out of every value. */
const SEPARATOR = '\u001f';
const PPP = 1;

/** The details as one text in the order that accounting_insert_session reads; an empty field is NULL. */
export function packDetails(d: Details): string {
  return [
    d.nas.tenantId,
    d.login?.subscriptionId ?? '',
    d.login?.mode ?? '',
    d.username ?? '',
    d.realm ?? '',
    d.nas.address,
    d.identifier ?? '',
    d.nasIp ?? '',
    d.nasPort ?? '',
    d.nasPortId ?? '',
    named('NAS-Port-Type', d.nasPortType),
    named('Service-Type', d.serviceType),
    named('Framed-Protocol', d.framedProtocol),
    service(d),
    named('Acct-Authentic', d.authentic),
    d.called ?? '',
    d.calling ?? '',
    macOf(d.calling) ?? '',
    d.framedPrefix ? (decodeValue('Framed-IPv6-Prefix', d.framedPrefix) ?? '') : '',
    d.delegatedPrefix ? (decodeValue('Delegated-IPv6-Prefix', d.delegatedPrefix) ?? '') : '',
    d.class ? d.class.toString('hex') : '',
    // Below a minute it is noise (RFC 2869 section 2.1 asks for no less), above a day a session would never be found stale.
    d.interim_s !== undefined && d.interim_s >= 5 && d.interim_s <= 86_400 ? d.interim_s : '',
  ].join(SEPARATOR);
}

/**
 * A MAC address in any of the usual spellings as AA:BB:CC:DD:EE:FF; null when it is something else (an IP address, a phone number).
 * The same as access_mac in SQL: pairs with one kind of separator or none, RouterOS' groups of four and of six, Cisco's dots.
 */
export function macOf(calling: string | null): string | null {
  if (calling === null || calling.length < 12 || calling.length > 17) return null;
  if (
    !/^[0-9a-f]{2}([-: ]?)[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/i.test(calling) &&
    !/^[0-9a-f]{4}([-:.])[0-9a-f]{4}\1[0-9a-f]{4}$/i.test(calling) &&
    !/^[0-9a-f]{6}[-:][0-9a-f]{6}$/i.test(calling)
  )
    return null;
  return (calling.toUpperCase().match(/[0-9A-F]{2}/g) ?? []).join(':');
}

/** RouterOS: PPP says Framed-Protocol; hotspot names the host or has a session id that begins with 80. */
function service(d: Details): 'ppp' | 'hotspot' | 'other' {
  if (d.framedProtocol === PPP) return 'ppp';
  if (d.hotspotHost || (d.nas.type === 'mikrotik' && /^80[0-9a-f]{6}$/.test(d.sessionId))) return 'hotspot';
  return 'other';
}

function named(
  attribute: 'NAS-Port-Type' | 'Service-Type' | 'Framed-Protocol' | 'Acct-Authentic',
  value: number | undefined,
): string {
  return value === undefined ? '' : valueName(attribute, value);
}
