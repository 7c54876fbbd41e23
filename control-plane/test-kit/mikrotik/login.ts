import { listAttributes } from '../../../radius/attributes';
import { Code, type Packet } from '../../../radius/packet';
import type { Credentials } from './credentials';
import { type Entitlement, readEntitlement } from './entitlement';
import type { LoginFailure } from './events';
import type { Pools } from './pools';
import type { Answered } from './radius-client';
import type { Applicant } from './requests';

/** What the router makes of an answer to an Access-Request, before a session stands. */
export type Verdict =
  | { kind: 'granted'; entitlement: Entitlement; address: string }
  /** The client hangs up after the router has set the session up: an accounting Start and at once a Stop. */
  | { kind: 'hung_up'; entitlement: Entitlement; address: string; reason: LoginFailure }
  | { kind: 'unusable'; reason: LoginFailure }
  | { kind: 'rejected'; messages: string[] };

/** Judges an answer. An address that it takes from a pool must be released when the session ends. */
export function judge(
  answer: Extract<Answered, { kind: 'reply' }>,
  applicant: Applicant,
  credentials: Credentials,
  pools: Pools,
  defaultPool: string,
): Verdict {
  const { reply, request, secret } = answer;
  const entitlement = readEntitlement(reply);
  if (reply.code !== Code.AccessAccept) return { kind: 'rejected', messages: entitlement?.messages ?? [] };
  if (entitlement === undefined) return { kind: 'unusable', reason: 'bad_rate_limit' };
  const place = addressFor(entitlement, applicant, pools, defaultPool);
  if (place.kind === 'unusable') return place;
  const objection = credentials.objection(reply, request, secret);
  if (objection !== undefined) return { kind: 'hung_up', entitlement, address: place.address, reason: objection };
  return { kind: 'granted', entitlement, address: place.address };
}

/** The attributes of a reply, for events. */
export function replyText(reply: Packet) {
  return listAttributes(reply);
}

type Place = { kind: 'placed'; address: string } | { kind: 'unusable'; reason: LoginFailure };

/** Framed-IP-Address wins over Framed-Pool, which wins over the default: a pool for PPP, the device's own address for the hotspot. */
function addressFor(entitlement: Entitlement, applicant: Applicant, pools: Pools, defaultPool: string): Place {
  const { framedAddress, pool } = entitlement;
  if (framedAddress !== undefined) {
    if (framedAddress === applicant.hostAddress || pools.take(framedAddress))
      return { kind: 'placed', address: framedAddress };
    return { kind: 'unusable', reason: 'address_in_use' };
  }
  if (pool === undefined && applicant.service === 'hotspot') return { kind: 'placed', address: applicant.hostAddress };
  const lease = pools.lease(pool ?? defaultPool);
  return lease.kind === 'leased'
    ? { kind: 'placed', address: lease.address }
    : { kind: 'unusable', reason: lease.kind };
}
