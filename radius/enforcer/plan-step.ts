import type { ApiAct } from './api/router-word';
import { variantCount } from './coa/recipe';
import type { Attempt, Task, Via } from './task';

/**
 * What to do about a row now. Seconds are real time; a `send` names which way of naming the session to use (coa/recipe.ts), a `visit` what to
 * do by the router's API (api/ask-router.ts).
 */
export type Step =
  | { do: 'send'; via: Via; variant: number }
  | { do: 'visit'; act: ApiAct }
  | { do: 'wait'; seconds: number }
  | { do: 'close'; state: 'proven' | 'unproven' | 'gave_up'; provenBy: Proof | null };

export type Proof = 'stop' | 'interim' | 'silence' | 'read_back' | 'superseded' | 'new_session';

/** Exchanges about one row before it is given up; each is up to three datagrams. */
export const MAX_TRIES = 10;
/** Seconds after the n-th exchange: about ten minutes in all. */
const PAUSES_S = [5, 10, 20, 40, 80, 120, 120, 120, 120];
/** Seconds for the Stop to arrive before the router is asked whether the session is really gone. */
const CUT_SETTLES_S = 5;
/** Seconds for a router to do what it acknowledged before it is asked whether it did. */
const CHANGE_SETTLES_S = 2;
/** Refusals by the API (user name, password, permissions) after which it is left alone. */
const MOST_REFUSALS = 2;
/** Tries to let a device in, about a minute in all; it may have gone home. */
const LOGIN_TRIES = 4;
/** Seconds after which it is looked again whether the device that had to go for this one is gone. */
const CROWDED_S = 0.2;
/** A record that arrived this soon after an answer may have been on its way already. */
const IN_FLIGHT_S = 2;
/** RFC 5176 section 3.5. */
const SESSION_CONTEXT_NOT_FOUND = 503;

/**
 * Decides the next step for a row that is due. Pure: everything it knows is in the task.
 * An ACK is never taken for the deed: only a Stop, an accounting record, a look at the router or silence past its deadline closes a row as proven.
 */
export function nextStep(task: Task): Step {
  if (task.kind === 'login') return loginStep(task);
  if (task.session === null) return close('proven', proofOfEnd(task.endedBy));
  if (!task.wanted) return close('proven', 'superseded');
  // Nobody is left to tell, and accounting from a deleted router is not heard either.
  if (task.nas === null) return close('unproven');
  switch (task.kind) {
    case 'cut':
      return cutStep(task);
    case 'throttle':
      return rateStep(task);
    case 'restore':
      // Whether a CoA can clear an address list is documented nowhere, and the garden's short timeout would stay: a new login is certain.
      return task.session.mode === 'garden' ? cutStep(task) : rateStep(task);
    case 'refresh':
      return task.reason === 'plan_changed' ? rateStep(task) : refreshStep(task);
  }
}

/** Seconds to let pass after an exchange, the last of `task.history`, before the next one. */
export function pauseBefore(next: Step & { do: 'send' | 'visit' }, task: Task): number {
  const last = task.history.at(-1);
  if (next.do === 'visit') return last?.via === 'api' ? pauseAfter(task.history.length) : 0;
  const asked = task.history.filter((a) => a.via !== 'api');
  // Another means is no repetition: it goes out at once. A visit to the API between two Disconnects makes no difference to them.
  if (asked.at(-1)?.via !== next.via || (last?.via === 'api' && next.via === 'coa')) return 0;
  if (last?.via === 'api') return pauseAfter(asked.length);
  if (last?.outcome === 'nak' && hasUntriedVariant(task, last)) return 0;
  return pauseAfter(asked.length);
}

function pauseAfter(tries: number): number {
  return PAUSES_S[Math.min(tries, PAUSES_S.length) - 1] ?? 0;
}

function cutStep(task: Task): Step {
  const tries = task.history.filter((a) => a.via === 'disconnect');
  const last = tries.at(-1);
  if (last === undefined) return send(task, 'disconnect');
  if (task.silenceProvesInS !== null && task.silenceProvesInS <= 0) return close('proven', 'silence');
  const routerSaysGone = saysGone(tries) && !heardSince(task, last);
  const spent = tries.length >= MAX_TRIES;
  if (mayVisit(task, tries) && !(last.outcome === 'nak' && hasUntriedVariant(task, last))) {
    const settles = last.outcome === 'ack' ? CUT_SETTLES_S - last.agoS : 0;
    return settles > 0 ? { do: 'wait', seconds: settles } : { do: 'visit', act: 'remove' };
  }
  if (routerSaysGone && (spent || (last.outcome === 'nak' && !hasUntriedVariant(task, last)))) {
    return { do: 'wait', seconds: Math.min(Math.max(task.silenceProvesInS ?? 60, 1), task.interimS + 60) };
  }
  if (spent) return close('gave_up');
  return send(task, 'disconnect');
}

/** The API is visited once after each Disconnect that was not enough, unless it has shown that it will not have us. */
function mayVisit(task: Task, tries: readonly Attempt[]): boolean {
  const firstCut = task.history.findIndex((a) => a.via === 'disconnect');
  const visits = task.history.slice(firstCut).filter((a) => a.via === 'api');
  const refused = visits.length >= MOST_REFUSALS && visits.slice(-MOST_REFUSALS).every((a) => a.outcome === 'nak');
  return Boolean(task.nas?.api) && !refused && visits.length < tries.length;
}

function rateStep(task: Task): Step {
  // Once it has come to a Disconnect, the next login brings the right rate.
  if (task.history.some((a) => a.via === 'disconnect')) return cutStep(task);
  const last = task.history.findLast((a) => a.via !== 'api');
  if (last === undefined) return send(task, 'coa');
  if (last.outcome === 'ack') return rateProofStep(task, last);
  const silences = task.history.filter((a) => a.outcome === 'silence').length;
  if (last.outcome === 'nak' ? hasUntriedVariant(task, last) : silences < 2) return send(task, 'coa');
  // A new login would lose what staff asked for, and throw off a payer who as far as we know was never slowed: neither is forced.
  const neverSlowed = task.kind === 'restore' && task.session?.mode === 'full' && last.outcome === 'silence';
  if (!task.byHand && !neverSlowed) return send(task, 'disconnect');
  const refused = last.outcome === 'nak' && last.errorCause !== SESSION_CONTEXT_NOT_FOUND;
  return refused || task.history.length >= MAX_TRIES ? close('gave_up') : send(task, 'coa');
}

/** After an acknowledged rate: RouterOS 6.39 and later report the rate of a PPP session with its accounting. */
function rateProofStep(task: Task, ack: Attempt): Step {
  const shown = task.history.at(-1);
  if (shown?.via === 'api' && shown.outcome === 'nak') return rateAgain(task);
  if (shown === ack && task.nas?.api) return look(ack, 'look_rate');
  if (!heardSince(task, ack)) {
    const patience = 2 * task.interimS + 30 - ack.agoS;
    return patience <= 0
      ? close('unproven')
      : { do: 'wait', seconds: Math.min(patience, Math.max(task.interimS + 5 - ack.agoS, 5)) };
  }
  if (task.session?.rateLimit === null) return close('unproven');
  if (task.change.sameRate) return close('proven', 'interim');
  return rateAgain(task);
}

/** The router said yes and did not: once more, then by a new login. */
function rateAgain(task: Task): Step {
  const acks = task.history.filter((a) => a.via === 'coa' && a.outcome === 'ack').length;
  if (acks < 2) return send(task, 'coa');
  return task.byHand ? close('unproven') : send(task, 'disconnect');
}

/**
 * A longer Session-Timeout shows only on a hotspot, to who asks the API; else an ACK is all there is: unproven. It never falls back to a Disconnect, which would do at once
 * what it is meant to prevent; if the router refuses, its old timeout ends the session and the next login brings the new one.
 */
function refreshStep(task: Task): Step {
  const last = task.history.findLast((a) => a.via !== 'api');
  if (last === undefined) return send(task, 'coa');
  if (last.outcome === 'ack') {
    const mayLook = task.session?.service === 'hotspot' && task.nas?.api && last === task.history.at(-1);
    return mayLook ? look(last, 'look_time') : close('unproven');
  }
  if (task.history.length >= MAX_TRIES) return close(last.outcome === 'nak' ? 'unproven' : 'gave_up');
  return send(task, 'coa');
}

/** Lets a device in by the API, the only way there is. */
function loginStep(task: Task): Step {
  if (!task.wanted) return close('proven', 'superseded');
  if (task.login?.online) return close('proven', 'new_session');
  if (!task.nas?.api || task.login === null || task.history.length >= LOGIN_TRIES) return close('unproven');
  if (task.login.crowded) return { do: 'wait', seconds: CROWDED_S };
  return { do: 'visit', act: 'login' };
}

function look(ack: Attempt, act: ApiAct): Step {
  const settles = CHANGE_SETTLES_S - ack.agoS;
  return settles > 0 ? { do: 'wait', seconds: settles } : { do: 'visit', act };
}

function send(task: Task, via: Via): Step {
  const tries = task.history.filter((a) => a.via === via);
  // RouterOS is silent for reasons that no other naming of the session cures; other NASes also drop what they do not like.
  const turns = tries.filter((a) => a.outcome === 'nak' || (a.outcome === 'silence' && task.nas?.type === 'other'));
  const acks = tries.filter((a) => a.outcome === 'ack');
  return { do: 'send', via, variant: (turns.length + acks.length) % variantCount(task, via) };
}

function hasUntriedVariant(task: Task, last: Attempt): boolean {
  if (last.via === 'api') return false;
  const tries = task.history.filter((a) => a.via === last.via);
  const naks = tries.length - 1 - tries.findLastIndex((a) => a.outcome !== 'nak');
  return naks < variantCount(task, last.via);
}

function saysGone(tries: readonly Attempt[]): boolean {
  const last = tries.at(-1);
  if (last?.outcome === 'ack' || last?.errorCause === SESSION_CONTEXT_NOT_FOUND) return true;
  // RouterOS may leave the cause out; after an ACK it can hardly mean anything else.
  return last?.outcome === 'nak' && last.errorCause === null && tries.some((a) => a.outcome === 'ack');
}

function heardSince(task: Task, attempt: Attempt): boolean {
  return task.session !== null && task.session.heardS < attempt.agoS - IN_FLIGHT_S;
}

function proofOfEnd(endedBy: string | null): Proof {
  if (endedBy === 'stale') return 'silence';
  return endedBy === 'takeover' || endedBy === 'new_generation' ? 'new_session' : 'stop';
}

function close(state: 'proven' | 'unproven' | 'gave_up', provenBy: Proof | null = null): Step {
  return { do: 'close', state, provenBy };
}
