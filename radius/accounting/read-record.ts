import { ATTRIBUTES, formatIpv4, MIKROTIK, valueName } from '../attributes';
import type { Packet } from '../packet';
import { readClass } from './class';
import { packDetails } from './details';
import { eventTime } from './event-time';
import type { Nas } from './nas';
import { type AccountingRecord, Flag, type SessionRecord, Status } from './record';
import { cleanText } from './text';

/** What a verified Accounting-Request turned out to be. `ignored` is answered and forgotten; `unusable` is answered and kept for a person. */
export type Reading =
  | { kind: 'record'; record: AccountingRecord; sanitised: boolean }
  | { kind: 'ignored' }
  | { kind: 'unusable'; reason: string };

/** Beyond a petabyte a counter is noise, and its sum would leave bigint. */
const MAX_BYTES = 2 ** 50;
/** Beyond ten years a session time is noise. */
const MAX_SESSION_S = 10 * 365 * 86_400;

const N = {
  userName: ATTRIBUTES['User-Name'].number,
  nasIp: ATTRIBUTES['NAS-IP-Address'].number,
  nasPort: ATTRIBUTES['NAS-Port'].number,
  serviceType: ATTRIBUTES['Service-Type'].number,
  framedProtocol: ATTRIBUTES['Framed-Protocol'].number,
  framedIp: ATTRIBUTES['Framed-IP-Address'].number,
  class: ATTRIBUTES['Class'].number,
  called: ATTRIBUTES['Called-Station-Id'].number,
  calling: ATTRIBUTES['Calling-Station-Id'].number,
  nasIdentifier: ATTRIBUTES['NAS-Identifier'].number,
  status: ATTRIBUTES['Acct-Status-Type'].number,
  delay: ATTRIBUTES['Acct-Delay-Time'].number,
  input: ATTRIBUTES['Acct-Input-Octets'].number,
  output: ATTRIBUTES['Acct-Output-Octets'].number,
  sessionId: ATTRIBUTES['Acct-Session-Id'].number,
  authentic: ATTRIBUTES['Acct-Authentic'].number,
  sessionTime: ATTRIBUTES['Acct-Session-Time'].number,
  cause: ATTRIBUTES['Acct-Terminate-Cause'].number,
  inputHigh: ATTRIBUTES['Acct-Input-Gigawords'].number,
  outputHigh: ATTRIBUTES['Acct-Output-Gigawords'].number,
  event: ATTRIBUTES['Event-Timestamp'].number,
  nasPortType: ATTRIBUTES['NAS-Port-Type'].number,
  interim: ATTRIBUTES['Acct-Interim-Interval'].number,
  nasPortId: ATTRIBUTES['NAS-Port-Id'].number,
  framedPrefix: ATTRIBUTES['Framed-IPv6-Prefix'].number,
  delegatedPrefix: ATTRIBUTES['Delegated-IPv6-Prefix'].number,
  rateLimit: ATTRIBUTES['Mikrotik-Rate-Limit'].number,
  realm: ATTRIBUTES['Mikrotik-Realm'].number,
  hostIp: ATTRIBUTES['Mikrotik-Host-IP'].number,
  addressList: ATTRIBUTES['Mikrotik-Address-List'].number,
} as const;

/** Where each attribute's first value stands, as start << 13 | end, filled by one walk. One table for all packets: reading is synchronous. */
const standard = new Int32Array(256);
const mikrotik = new Int32Array(256);

function locate(packet: Packet): void {
  standard.fill(0);
  mikrotik.fill(0);
  packet.walk((vendor, type, start, end) => {
    if (vendor === 0) standard[type] ||= (start << 13) | end;
    else if (vendor === MIKROTIK) mikrotik[type] ||= (start << 13) | end;
  });
}

/** Reads a verified Accounting-Request. Never throws: what cannot be believed is left out and said so by `sanitised`. */
export function readRecord(packet: Packet, nas: Nas, received_ms: number): Reading {
  locate(packet);
  const bytes = packet.bytes;
  const status = integer(bytes, standard[N.status]!);
  const time = eventTime(received_ms, integer(bytes, standard[N.event]!), integer(bytes, standard[N.delay]!));
  if (status === Status.AccountingOn || status === Status.AccountingOff) {
    const record = {
      kind: 'restart',
      nas,
      packet,
      received_ms,
      event_ms: time.event_ms,
      ...identityHere(bytes),
      boot: null,
    } as const;
    return { kind: 'record', record, sanitised: false };
  }
  if (status === undefined) return { kind: 'unusable', reason: 'no Acct-Status-Type' };
  if (status !== Status.Start && status !== Status.Stop && status !== Status.Interim) return { kind: 'ignored' };
  const sessionId = text(bytes, standard[N.sessionId]!);
  if (sessionId === null) return { kind: 'unusable', reason: 'no Acct-Session-Id' };

  const input = counter(bytes, standard[N.input]!, standard[N.inputHigh]!);
  const output = counter(bytes, standard[N.output]!, standard[N.outputHigh]!);
  const seconds = integer(bytes, standard[N.sessionTime]!);
  const secondsBelieved = seconds === undefined || seconds <= MAX_SESSION_S;
  const login = readClass(bytes, standard[N.class]!);
  return {
    kind: 'record',
    sanitised: input === 'absurd' || output === 'absurd' || !secondsBelieved,
    record: {
      kind: 'session',
      nas,
      packet,
      status,
      sessionId,
      event_ms: time.event_ms,
      received_ms,
      flags:
        (time.timed ? Flag.Timed : 0) |
        (standard[N.inputHigh] ? Flag.InputWide : 0) |
        (standard[N.outputHigh] ? Flag.OutputWide : 0),
      sessionTime: seconds !== undefined && secondsBelieved ? seconds : null,
      inputBytes: input === 'absurd' ? null : input,
      outputBytes: output === 'absurd' ? null : output,
      loginId: login?.loginId ?? null,
      mark: bytes.readBigInt64BE(4),
      framedIp: address(bytes, standard[N.framedIp]!),
      rateLimit: text(bytes, mikrotik[N.rateLimit]!),
      addressList: text(bytes, mikrotik[N.addressList]!),
      cause: status === Status.Stop ? causeName(integer(bytes, standard[N.cause]!)) : null,
    },
  };
}

/** What a router calls itself; several may share one address. */
export interface Identity {
  identifier: string | null;
  nasIp: string | null;
  realm: string | null;
}

/** The identity that a packet carries. */
export function readIdentity(packet: Packet): Identity {
  locate(packet);
  return identityHere(packet.bytes);
}

function identityHere(bytes: Buffer): Identity {
  return {
    identifier: text(bytes, standard[N.nasIdentifier]!),
    nasIp: address(bytes, standard[N.nasIp]!),
    realm: text(bytes, mikrotik[N.realm]!),
  };
}

/** What only a new session's row needs, packed as accounting_apply takes it. Read when it is needed: most packets are of known sessions. */
export function readDetails({ packet, nas, sessionId }: SessionRecord): string {
  locate(packet);
  const bytes = packet.bytes;
  return packDetails({
    nas,
    sessionId,
    login: readClass(bytes, standard[N.class]!),
    ...identityHere(bytes),
    username: text(bytes, standard[N.userName]!),
    nasPort: integer(bytes, standard[N.nasPort]!),
    nasPortId: text(bytes, standard[N.nasPortId]!),
    nasPortType: integer(bytes, standard[N.nasPortType]!),
    serviceType: integer(bytes, standard[N.serviceType]!),
    framedProtocol: integer(bytes, standard[N.framedProtocol]!),
    authentic: integer(bytes, standard[N.authentic]!),
    called: text(bytes, standard[N.called]!),
    calling: callingHere(packet),
    framedPrefix: octets(bytes, standard[N.framedPrefix]!),
    delegatedPrefix: octets(bytes, standard[N.delegatedPrefix]!),
    class: octets(bytes, standard[N.class]!),
    interim_s: integer(bytes, standard[N.interim]!),
    hotspotHost: mikrotik[N.hostIp] !== 0,
  });
}

/**
 * The device of a session. One that is named twice in different words is told by both, and so is no address: neither counts alone as the device that a lock
 * asks for, or as the one that another session of this login is on.
 */
function callingHere(packet: Packet): string | null {
  const named = packet.all(0, N.calling).map((value) => cleanText(value, 0, value.length));
  return [...new Set(named)].join(' ') || null;
}

function text(bytes: Buffer, span: number): string | null {
  if (span === 0) return null;
  return cleanText(bytes, span >> 13, span & 0x1fff) || null;
}

function octets(bytes: Buffer, span: number): Buffer | null {
  return span === 0 ? null : bytes.subarray(span >> 13, span & 0x1fff);
}

/** Four octets; undefined when absent or of another length. */
function integer(bytes: Buffer, span: number): number | undefined {
  const at = span >> 13;
  if (span === 0 || (span & 0x1fff) - at !== 4) return undefined;
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function address(bytes: Buffer, span: number): string | null {
  const at = span >> 13;
  if (span === 0 || (span & 0x1fff) - at !== 4) return null;
  return formatIpv4(bytes.subarray(at, at + 4));
}

/** Octets and Gigawords (RFC 2869 sections 5.1 and 5.2) as one number; null when the packet does not say. */
function counter(bytes: Buffer, low: number, high: number): number | null | 'absurd' {
  const octetsLow = integer(bytes, low);
  const octetsHigh = integer(bytes, high) ?? 0;
  if (octetsLow === undefined) return null;
  const value = octetsHigh * 2 ** 32 + octetsLow;
  return value > MAX_BYTES ? 'absurd' : value;
}

function causeName(cause: number | undefined): string | null {
  return cause === undefined ? null : valueName('Acct-Terminate-Cause', cause);
}
