import { type AttributeName, attributeName, get, getAll, getBytes, has } from '../../../radius/attributes';
import type { Packet } from '../../../radius/packet';
import { limitOf, type Entitlement } from './entitlement';
import { parseRateLimit } from './rate-limit';
import type { Session } from './session';

/** Who the router is, for a request that names it. */
export interface CoaIdentity {
  identity: string;
  nasIpAddress: string;
}

export type Match = { kind: 'session'; session: Session } | { kind: 'nak'; errorCause: string };

/**
 * Finds the session of a CoA or Disconnect: every identification attribute must fit (AND), the session id in exact
 * spelling; none present or none fitting is a NAK. Of several that fit the oldest is taken, so that a request by
 * User-Name alone may hit the wrong one, as on the real thing.
 */
export function findSession(request: Packet, sessions: readonly Session[], router: CoaIdentity): Match {
  if (!namesRouter(request, router)) return nak('NAS-Identification-Mismatch');
  if (has(request, 'NAS-Port-Type') || has(request, 'Service-Type')) return nak('Unsupported-Attribute');
  const tests = IDENTIFICATION.filter(([name]) => has(request, name));
  if (tests.length === 0) return nak('Missing-Attribute');
  const session = sessions.find((candidate) => tests.every(([, fits]) => fits(request, candidate)));
  return session === undefined ? nak('Session-Context-Not-Found') : { kind: 'session', session };
}

const IDENTIFICATION: readonly (readonly [AttributeName, (request: Packet, session: Session) => boolean])[] = [
  ['User-Name', (r, s) => getBytes(r, 'User-Name')?.equals(s.identity.username) ?? false],
  ['Acct-Session-Id', (r, s) => get(r, 'Acct-Session-Id') === s.identity.id],
  ['Framed-IP-Address', (r, s) => get(r, 'Framed-IP-Address') === s.identity.address],
  ['Calling-Station-Id', (r, s) => get(r, 'Calling-Station-Id') === s.identity.mac],
  ['NAS-Port-Id', (r, s) => get(r, 'NAS-Port-Id') === s.identity.interface],
  ['NAS-Port', (r, s) => get(r, 'NAS-Port') === s.identity.nasPort],
];

function namesRouter(request: Packet, router: CoaIdentity): boolean {
  const identifier = get(request, 'NAS-Identifier') ?? router.identity;
  const address = get(request, 'NAS-IP-Address') ?? router.nasIpAddress;
  return identifier === router.identity && address === router.nasIpAddress;
}

/** What a CoA-Request asks of a session. */
export type Change =
  { kind: 'change'; change: Partial<Entitlement>; ignored: string[] } | { kind: 'nak'; errorCause: string };

/**
 * Reads what a CoA changes. PPP obeys the short list of the changelog (rate, upload and download limit, Session-Timeout,
 * address list); the hotspot also Idle-Timeout and Mikrotik-Group. Anything else is acknowledged and ignored, which is
 * why a server must not trust an ACK; an address, pool or route is refused.
 */
export function readChange(request: Packet, session: Session): Change {
  const rateText = get(request, 'Mikrotik-Rate-Limit');
  const rateLimit = rateText === undefined ? undefined : parseRateLimit(rateText);
  if (rateText !== undefined && rateLimit === undefined) return nak('Invalid-Attribute-Value');
  const sessionTimeout_s = get(request, 'Session-Timeout');
  const recvLimit_bytes = limitOf(request, 'Mikrotik-Recv-Limit', 'Mikrotik-Recv-Limit-Gigawords');
  const xmitLimit_bytes = limitOf(request, 'Mikrotik-Xmit-Limit', 'Mikrotik-Xmit-Limit-Gigawords');
  // A list in a CoA replaces the membership; an empty name does not clear it.
  const addressLists = getAll(request, 'Mikrotik-Address-List').filter((list) => list !== '');
  const change: Partial<Entitlement> = {
    ...(rateLimit && { rateLimit }),
    ...(sessionTimeout_s !== undefined && { sessionTimeout_s }),
    ...(recvLimit_bytes !== undefined && { recvLimit_bytes }),
    ...(xmitLimit_bytes !== undefined && { xmitLimit_bytes }),
    ...(addressLists.length > 0 && { addressLists }),
  };
  if (session.identity.service === 'hotspot') Object.assign(change, hotspotChange(request));
  const others = otherAttributes(request, session);
  if (others.some((name) => REFUSED.has(name))) return nak('Unsupported-Attribute');
  return { kind: 'change', change, ignored: others };
}

function hotspotChange(request: Packet): Partial<Entitlement> {
  const idleTimeout_s = get(request, 'Idle-Timeout');
  const group = get(request, 'Mikrotik-Group');
  return { ...(idleTimeout_s !== undefined && { idleTimeout_s }), ...(group !== undefined && { group }) };
}

const REFUSED = new Set(['Framed-Pool', 'Framed-Route', 'Framed-IP-Netmask', 'Framed-IPv6-Prefix', 'Framed-IPv6-Pool']);
const NEUTRAL = new Set([
  ...IDENTIFICATION.map(([name]) => name),
  'NAS-Identifier',
  'NAS-IP-Address',
  'Message-Authenticator',
  'Event-Timestamp',
  'Proxy-State',
]);
const OBEYED_BY_ALL = new Set([
  'Mikrotik-Rate-Limit',
  'Session-Timeout',
  'Mikrotik-Recv-Limit',
  'Mikrotik-Recv-Limit-Gigawords',
  'Mikrotik-Xmit-Limit',
  'Mikrotik-Xmit-Limit-Gigawords',
  'Mikrotik-Address-List',
]);
const OBEYED_BY_HOTSPOT = new Set(['Idle-Timeout', 'Mikrotik-Group']);

function otherAttributes(request: Packet, session: Session): string[] {
  const names: string[] = [];
  request.walk((vendor, type) => {
    const name = attributeName(vendor, type);
    const obeyed = OBEYED_BY_ALL.has(name) || (session.identity.service === 'hotspot' && OBEYED_BY_HOTSPOT.has(name));
    if (!obeyed && !NEUTRAL.has(name)) names.push(name);
  });
  return names;
}

function nak(errorCause: string): { kind: 'nak'; errorCause: string } {
  return { kind: 'nak', errorCause };
}
