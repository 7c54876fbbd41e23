import { parseDuration, type ApiOutcome } from '../../routeros';
import type { Task } from '../task';
import { findSession, type Ask, type Found } from './find-session';
import { plainRate, sameRate } from './rate';
import type { ApiAct, RouterWord } from './router-word';

/** A timeout may differ by this much from what was told: the router counts whole seconds, from when it got the CoA. */
const TIME_SLACK_S = 30;

/** Does one thing about a row by the API and tells what was seen. Never throws for what a router does. */
export async function askRouter(ask: Ask, task: Task, act: ApiAct): Promise<RouterWord> {
  const stranger = await strangeRouter(ask, task);
  if (stranger !== undefined) return stranger;
  switch (act) {
    case 'remove':
      return remove(ask, task);
    case 'look_rate':
      return lookAtRate(ask, task);
    case 'look_time':
      return lookAtTime(ask, task);
    case 'login':
      return login(ask, task);
  }
}

/** Several routers may stand behind one address, and only one of them has the API: on another a session is missing for no reason of ours. */
async function strangeRouter(ask: Ask, task: Task): Promise<RouterWord | undefined> {
  const expected = task.session?.nasIdentifier;
  const outcome = await ask(['/system/identity/print']);
  if (outcome.kind !== 'done') return failed(outcome);
  const identity = outcome.rows[0]?.['name'];
  if (!expected || identity === undefined || identity === expected) return undefined;
  return { outcome: 'nak', detail: `the API there belongs to ${identity}, the session is of ${expected}` };
}

async function remove(ask: Ask, task: Task): Promise<RouterWord> {
  const before = await find(ask, task);
  if (before.kind === 'failed') return failed(before.outcome);
  if (before.kind === 'gone') return gone('the session is not there any more');
  const removed = await ask([`${before.menu}/remove`, `=.id=${before.row['.id'] ?? ''}`]);
  if (removed.kind !== 'done' && !isNoSuchItem(removed)) return failed(removed);
  const after = await find(ask, task);
  if (after.kind === 'failed') return { outcome: 'ack', detail: 'removed; afterwards it could not be looked for' };
  return after.kind === 'gone'
    ? gone('removed, and not there any more')
    : { outcome: 'nak', detail: 'still there after its removal' };
}

async function lookAtRate(ask: Ask, task: Task): Promise<RouterWord> {
  const { rateLimit } = task.change;
  const found = await find(ask, task);
  if (found.kind === 'failed') return failed(found.outcome);
  if (found.kind === 'gone') return gone('the session is not there any more');
  const { session } = task;
  const kind = session?.service === 'hotspot' ? 'hotspot' : (found.row['service'] ?? 'pppoe');
  const queues = await ask(['/queue/simple/print', `?name=<${kind}-${session?.username ?? ''}>`]);
  if (queues.kind !== 'done') return failed(queues);
  const limit = queues.rows[0]?.['max-limit'];
  // With two sessions of one name nobody can say whose queue it is.
  if (limit === undefined || queues.rows.length > 1 || rateLimit === null || plainRate(limit) === undefined)
    return { outcome: 'ack', detail: 'the router shows no queue to read the rate from' };
  return sameRate(limit, rateLimit)
    ? { outcome: 'ack', detail: `its queue has ${limit}`, shows: 'as_wanted' }
    : { outcome: 'nak', detail: `its queue has ${limit} instead of ${rateLimit}` };
}

async function lookAtTime(ask: Ask, task: Task): Promise<RouterWord> {
  const found = await find(ask, task);
  if (found.kind === 'failed') return failed(found.outcome);
  if (found.kind === 'gone') return gone('the session is not there any more');
  const left_s = parseDuration(found.row['session-time-left']);
  const { leftS: wanted_s } = task.change;
  if (left_s === undefined || wanted_s === null) return { outcome: 'ack', detail: 'the router shows no time left' };
  // More than was meant harms nobody: the end of validity has its own Disconnect.
  return left_s >= wanted_s - TIME_SLACK_S
    ? { outcome: 'ack', detail: `${left_s} s left`, shows: 'as_wanted' }
    : { outcome: 'nak', detail: `${left_s} s left instead of ${Math.round(wanted_s)}` };
}

/** Lets a device in that waits on the hotspot: found by its MAC, logged in with the subscription's own name and password. */
async function login(ask: Ask, task: Task): Promise<RouterWord> {
  const { login: device } = task;
  if (device === null) return { outcome: 'nak', detail: 'nothing is known to log in with' };
  const hosts = await ask(['/ip/hotspot/host/print', `?mac-address=${device.mac.toUpperCase()}`]);
  if (hosts.kind !== 'done') return failed(hosts);
  const host = hosts.rows[0];
  if (host === undefined) return { outcome: 'nak', detail: 'the device is not on the hotspot' };
  if (host['authorized'] === 'true') return { outcome: 'ack', detail: 'the device is in already', shows: 'as_wanted' };
  const ip = host['address'] ?? '';
  const words = [
    `=user=${device.username}`,
    `=password=${device.password}`,
    `=mac-address=${device.mac.toUpperCase()}`,
  ];
  const done = await ask(['/ip/hotspot/active/login', ...words, `=ip=${ip}`]);
  if (done.kind !== 'done') return failed(done);
  const active = await ask(['/ip/hotspot/active/print', `?mac-address=${device.mac.toUpperCase()}`]);
  return active.kind === 'done' && active.rows.length > 0
    ? { outcome: 'ack', detail: 'logged in, and among the active ones', shows: 'as_wanted' }
    : { outcome: 'ack', detail: 'logged in, but not among the active ones yet' };
}

function find(ask: Ask, task: Task): Promise<Found> {
  if (task.session === null) throw new Error('only an open session can be looked for');
  return findSession(ask, task.session);
}

function gone(detail: string): RouterWord {
  return { outcome: 'ack', detail, shows: 'gone' };
}

function isNoSuchItem(outcome: ApiOutcome): boolean {
  return outcome.kind === 'refused' && /no such item/i.test(outcome.message);
}

function failed(outcome: Exclude<ApiOutcome, { kind: 'done' }>): RouterWord {
  switch (outcome.kind) {
    case 'refused':
      return { outcome: 'nak', detail: outcome.message, fault: 'refused' };
    case 'login_refused':
      return { outcome: 'nak', detail: 'the API refused user name or password', fault: 'login_refused' };
    case 'unreachable':
      return { outcome: 'silence', detail: outcome.message, fault: 'unreachable' };
    case 'silent':
      return { outcome: 'silence', detail: 'the API does not answer', fault: 'silent' };
  }
}
