import { add, addBytes, valueNumber } from '../../../radius/attributes';
import { Code, PacketBuilder } from '../../../radius/packet';
import type { Credentials } from './credentials';
import { formatMac, type MacFormat } from './mac-format';
import type { Profile } from './profile';
import type { Session, SessionIdentity, TerminateCause } from './session';

/** What every packet of the router says about it. */
export interface RouterIdentity {
  identity: string;
  nasIpAddress: string;
  realm: string | undefined;
  profile: Profile;
  /** Called-Station-Id by service. */
  calledStation: { pppoe: string; hotspot: string };
  hotspotPortType: number;
  hotspotMacFormat: MacFormat;
  hotspotGateway: string;
  sessionIdInPppoeRequest: boolean;
}

/** Login data before the session stands: a PPPoE client has no address yet. */
export type Applicant = Omit<SessionIdentity, 'address'>;

/** An Access-Request in the order of attributes that RouterOS uses for the service. */
export function accessRequest(
  router: RouterIdentity,
  applicant: Applicant,
  credentials: Credentials,
  identifier: number,
  secret: Buffer,
): Buffer {
  const builder = PacketBuilder.request(Code.AccessRequest, identifier);
  if (applicant.service === 'pppoe') {
    addPppIdentity(builder, router, applicant);
    if (router.sessionIdInPppoeRequest) add(builder, 'Acct-Session-Id', applicant.id);
    credentials.addTo(builder, secret);
  } else {
    addHotspotIdentity(builder, router, applicant, applicant.hostAddress);
    credentials.addTo(builder, secret);
    add(builder, 'Service-Type', valueNumber('Service-Type', 'Login-User'));
    add(builder, 'WISPr-Logoff-URL', `http://${router.hotspotGateway}/logout`);
  }
  addRouter(builder, router);
  add(builder, 'NAS-IP-Address', router.nasIpAddress);
  if (router.profile.messageAuthenticator) builder.addMessageAuthenticator();
  return builder.seal(secret);
}

/** What an accounting record of a session says besides the session's identity. */
export interface AccountingFacts {
  status: 'Start' | 'Interim-Update' | 'Stop';
  cause?: TerminateCause;
  eventTime: Date;
  /** Upper halves of the counters are left out. */
  counters32: boolean;
}

/** An Accounting-Request of a session; never with Message-Authenticator, in no version. */
export function accountingRequest(
  router: RouterIdentity,
  session: Session,
  facts: AccountingFacts,
  identifier: number,
  secret: Buffer,
): Buffer {
  const { identity } = session;
  const builder = PacketBuilder.request(Code.AccountingRequest, identifier);
  add(builder, 'Acct-Status-Type', valueNumber('Acct-Status-Type', facts.status));
  if (facts.cause) add(builder, 'Acct-Terminate-Cause', valueNumber('Acct-Terminate-Cause', facts.cause));
  if (identity.service === 'pppoe') {
    addPppIdentity(builder, router, identity);
    add(builder, 'Acct-Session-Id', identity.id);
    add(builder, 'Framed-IP-Address', identity.address);
    add(builder, 'Acct-Authentic', valueNumber('Acct-Authentic', 'RADIUS'));
  } else {
    addHotspotIdentity(builder, router, identity, identity.address);
  }
  add(builder, 'Event-Timestamp', facts.eventTime);
  if (facts.status !== 'Start') addCounters(builder, session, facts.counters32);
  for (const value of session.entitlement.classes) add(builder, 'Class', value);
  if (identity.service === 'pppoe') addLimits(builder, session);
  addRouter(builder, router);
  add(builder, 'Acct-Delay-Time', 0);
  add(builder, 'NAS-IP-Address', router.nasIpAddress);
  return builder.seal(secret);
}

/** Accounting-On: the router has booted, no session of before lives. */
export function accountingOnRequest(
  router: RouterIdentity,
  eventTime: Date,
  identifier: number,
  secret: Buffer,
): Buffer {
  const builder = PacketBuilder.request(Code.AccountingRequest, identifier);
  add(builder, 'Acct-Status-Type', valueNumber('Acct-Status-Type', 'Accounting-On'));
  add(builder, 'Event-Timestamp', eventTime);
  addRouter(builder, router);
  add(builder, 'Acct-Delay-Time', 0);
  add(builder, 'NAS-IP-Address', router.nasIpAddress);
  return builder.seal(secret);
}

function addPppIdentity(builder: PacketBuilder, router: RouterIdentity, who: Applicant): void {
  add(builder, 'Service-Type', valueNumber('Service-Type', 'Framed-User'));
  add(builder, 'Framed-Protocol', valueNumber('Framed-Protocol', 'PPP'));
  add(builder, 'NAS-Port', who.nasPort);
  add(builder, 'NAS-Port-Type', valueNumber('NAS-Port-Type', 'Ethernet'));
  addBytes(builder, 'User-Name', who.username);
  add(builder, 'Calling-Station-Id', who.mac);
  add(builder, 'Called-Station-Id', router.calledStation.pppoe);
  add(builder, 'NAS-Port-Id', who.interface);
}

function addHotspotIdentity(builder: PacketBuilder, router: RouterIdentity, who: Applicant, address: string): void {
  add(builder, 'NAS-Port-Type', router.hotspotPortType);
  add(builder, 'Calling-Station-Id', formatMac(who.mac, router.hotspotMacFormat));
  add(builder, 'Called-Station-Id', router.calledStation.hotspot);
  add(builder, 'NAS-Port-Id', who.interface);
  addBytes(builder, 'User-Name', who.username);
  add(builder, 'NAS-Port', who.nasPort);
  add(builder, 'Acct-Session-Id', who.id);
  add(builder, 'Framed-IP-Address', address);
  add(builder, 'Mikrotik-Host-IP', who.hostAddress);
}

function addRouter(builder: PacketBuilder, router: RouterIdentity): void {
  if (router.realm !== undefined) add(builder, 'Mikrotik-Realm', router.realm);
  add(builder, 'NAS-Identifier', router.identity);
}

/** Packets are not simulated; a mean size keeps their counters plausible. */
const MEAN_PACKET = 800n;

function lowWord(number: bigint): number {
  return Number(number & 0xffffffffn);
}

function addCounters(builder: PacketBuilder, session: Session, counters32: boolean): void {
  const { up, down } = session.counters;
  add(builder, 'Acct-Input-Octets', lowWord(up));
  add(builder, 'Acct-Output-Octets', lowWord(down));
  if (!counters32) {
    add(builder, 'Acct-Input-Gigawords', lowWord(up >> 32n));
    add(builder, 'Acct-Output-Gigawords', lowWord(down >> 32n));
  }
  add(builder, 'Acct-Input-Packets', lowWord(up / MEAN_PACKET));
  add(builder, 'Acct-Output-Packets', lowWord(down / MEAN_PACKET));
  add(builder, 'Acct-Session-Time', session.elapsed_s);
}

/** Since 6.39 PPP accounting repeats the rate, the limits and the address lists in force. */
function addLimits(builder: PacketBuilder, session: Session): void {
  const { rateLimit, recvLimit_bytes, xmitLimit_bytes, addressLists } = session.entitlement;
  if (rateLimit) add(builder, 'Mikrotik-Rate-Limit', rateLimit.text);
  const limit = (octets: bigint | undefined, low: 'Mikrotik-Recv-Limit' | 'Mikrotik-Xmit-Limit') => {
    if (octets === undefined) return;
    add(builder, low, Number(octets & 0xffffffffn));
    if (octets >> 32n > 0n) add(builder, `${low}-Gigawords`, Number(octets >> 32n));
  };
  limit(recvLimit_bytes, 'Mikrotik-Recv-Limit');
  limit(xmitLimit_bytes, 'Mikrotik-Xmit-Limit');
  for (const list of addressLists) add(builder, 'Mikrotik-Address-List', list);
}
