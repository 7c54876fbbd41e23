import { isIPv4 } from 'node:net';
import { add } from '../../attributes';
import type { PacketBuilder } from '../../packet';
import type { Task, Via } from '../task';

/** One way of naming a session to a router, and what to say along with it. */
interface Variant {
  user: boolean;
  ip: boolean;
  /** NAS-IP-Address and NAS-Identifier, as the NAS itself wrote them: a wrong guess is a NAK 403 (facts of l2tpns, accel-ppp). */
  nas: boolean;
  /** Message-Authenticator and Event-Timestamp (RFC 5176 sections 3.4 and 3.6): some NASes insist, none was seen to mind; RouterOS never asks. */
  signed: boolean;
  /** Mikrotik-Total-Limit, which is on no published list of what a CoA may change. */
  limits: boolean;
}

/** RouterOS takes at most this as a Session-Timeout. */
const LONGEST_TIMEOUT_S = 21_474_720;
const PLAIN: Variant = { user: true, ip: true, nas: false, signed: false, limits: false };

/** How many ways there are of saying this to this router, tried in turn on a NAK. At least 1. */
export function variantCount(task: Task, via: Via): number {
  return variants(task, via).length;
}

/** Writes the attributes of a Disconnect-Request or CoA-Request (RFC 5176 section 3) into a builder. `now` is for Event-Timestamp. */
export function writeRequest(builder: PacketBuilder, task: Task, via: Via, variant: number, now: Date): void {
  const ways = variants(task, via);
  const way = ways[variant % ways.length] ?? PLAIN;
  if (way.signed) builder.addMessageAuthenticator();
  identify(builder, task, way);
  if (via === 'coa') change(builder, task, way);
  if (way.signed) add(builder, 'Event-Timestamp', now);
}

/** Acct-Session-Id stands in every variant: User-Name alone may hit another session of the same person. */
function variants(task: Task, via: Via): Variant[] {
  const hasIp = isIPv4(task.session?.framedIp ?? '');
  const hasUser = task.session?.username !== '';
  const ways = task.nas?.type === 'other' ? otherVariants(task) : mikrotikVariants(task, via);
  const possible = ways.map((way) => ({ ...way, ip: way.ip && hasIp, user: way.user && hasUser }));
  return possible.filter((way, at) => possible.findIndex((other) => same(way, other)) === at);
}

function mikrotikVariants(task: Task, via: Via): Variant[] {
  const named = [PLAIN, { ...PLAIN, ip: false }, { ...PLAIN, user: false }];
  const limited = via === 'coa' && task.kind !== 'throttle' && task.change.totalLimitBytes !== null;
  return limited ? [{ ...PLAIN, limits: true }, ...named] : named;
}

function otherVariants(task: Task): Variant[] {
  const signed = { ...PLAIN, signed: true };
  const knowsItself = Boolean(task.session?.nasIdentifier ?? task.session?.nasIpAddress);
  return knowsItself ? [signed, { ...signed, nas: true }, { ...PLAIN, ip: false }] : [signed, { ...PLAIN, ip: false }];
}

function identify(builder: PacketBuilder, task: Task, way: Variant): void {
  const { session } = task;
  if (session === null) return;
  if (way.user) add(builder, 'User-Name', session.username);
  add(builder, 'Acct-Session-Id', session.acctSessionId);
  if (way.ip && session.framedIp !== null) add(builder, 'Framed-IP-Address', session.framedIp);
  if (way.nas && isIPv4(session.nasIpAddress ?? '')) add(builder, 'NAS-IP-Address', session.nasIpAddress ?? '');
  if (way.nas && session.nasIdentifier !== null) add(builder, 'NAS-Identifier', session.nasIdentifier);
}

/** The rate by itself when staff set it; else also the end, which may have moved while the router was not heard, and all else that a new entitlement changes. */
function change(builder: PacketBuilder, task: Task, way: Variant): void {
  const { rateLimit, sessionTimeoutS, totalLimitBytes, addressList } = task.change;
  if (changesRate(task) && rateLimit !== null) {
    add(builder, 'Mikrotik-Rate-Limit', rateLimit);
    if (task.nas?.type === 'other') addWisprRates(builder, rateLimit);
  }
  if (task.byHand) return;
  if (sessionTimeoutS !== null) {
    add(builder, 'Session-Timeout', Math.min(Math.max(Math.ceil(sessionTimeoutS), 1), LONGEST_TIMEOUT_S));
  }
  if (changesRate(task) && addressList !== null) add(builder, 'Mikrotik-Address-List', addressList);
  if (way.limits && totalLimitBytes !== null) {
    // Counted over the whole session, hence what it has used and what is left.
    add(builder, 'Mikrotik-Total-Limit', Number(totalLimitBytes & 0xffffffffn));
    add(builder, 'Mikrotik-Total-Limit-Gigawords', Number((totalLimitBytes >> 32n) & 0xffffffffn));
  }
}

/** The same rate for NASes that do not know Mikrotik's attribute, in bit/s; our own rates are always 'up k/down k'. */
function addWisprRates(builder: PacketBuilder, rateLimit: string): void {
  const [, up, down] = /^(\d+)k\/(\d+)k/.exec(rateLimit) ?? [];
  if (up !== undefined && Number(up) * 1000 < 2 ** 32) add(builder, 'WISPr-Bandwidth-Max-Up', Number(up) * 1000);
  if (down !== undefined && Number(down) * 1000 < 2 ** 32)
    add(builder, 'WISPr-Bandwidth-Max-Down', Number(down) * 1000);
}

/** Whether a CoA about this row says a rate: a plain renewal leaves one that staff set by hand alone. */
export function changesRate(task: Task): boolean {
  return task.kind !== 'refresh' || task.reason === 'plan_changed' || task.session?.mode === null;
}

function same(a: Variant, b: Variant): boolean {
  return a.user === b.user && a.ip === b.ip && a.nas === b.nas && a.signed === b.signed && a.limits === b.limits;
}
