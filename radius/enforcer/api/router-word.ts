import type { Outcome } from '../task';

/**
 * What came of one visit to a router's API. `ack`: it did what it was asked, or told what was asked of it; `nak`: it refused, or things are
 * otherwise than wanted; `silence`: it could not be asked.
 */
export interface RouterWord {
  outcome: Outcome;
  /** For whoever looks into it: what the router said or showed. */
  detail: string;
  /** What was seen with certainty: the session is not there any more, or it is as it should be. */
  shows?: 'gone' | 'as_wanted';
  /** Why the API could not be used. */
  fault?: ApiFault;
}

export type ApiFault = 'login_refused' | 'refused' | 'unreachable' | 'silent';

/** What to do by the API: end a session, read its rate or the time it has left, or let a waiting device in. */
export type ApiAct = 'remove' | 'look_rate' | 'look_time' | 'login';
