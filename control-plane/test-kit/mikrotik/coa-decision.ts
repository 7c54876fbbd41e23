import { Code, type Packet } from '../../../radius/packet';
import { findSession, type Match, readChange } from './coa-rules';
import { describeRequest } from './coa-server';
import type { CoaOutcome, EventLog } from './events';
import type { Faults } from './faults';
import type { RouterOptions } from './options';
import type { RouterIdentity } from './requests';
import type { Session, TerminateCause } from './session';

/** What a decision needs of the router. */
export interface CoaContext {
  sessions: readonly Session[];
  about: RouterIdentity;
  faults: Faults;
  undocumented: RouterOptions['undocumented'];
  events: EventLog;
  now_ms: number;
  disconnect(session: Session, cause: TerminateCause): void;
}

type Answer = Exclude<CoaOutcome, { kind: 'silence' }>;
type Decision = { outcome: Answer; ignored: string[] };

/** Decides on a CoA or Disconnect that is signed by a server of ours, does what it asks, and tells what to answer. */
export function decideCoa(request: Packet, from: string, context: CoaContext): Answer {
  const match = findSession(request, context.sessions, context.about);
  const session = match.kind === 'session' ? match.session : undefined;
  const decision = asTold(context.faults) ?? obey(request, match, context);
  context.events.emit({ kind: 'coa', ...describeRequest(request), from, session, ...decision });
  return decision.outcome;
}

function asTold(faults: Faults): Decision | undefined {
  if (faults.coa === 'ack_without_effect') return { outcome: { kind: 'ack' }, ignored: [] };
  if (faults.coa !== 'nak') return undefined;
  return { outcome: { kind: 'nak', errorCause: 'Administratively-Prohibited' }, ignored: [] };
}

function obey(request: Packet, match: Match, context: CoaContext): Decision {
  if (match.kind === 'nak') return { outcome: match, ignored: [] };
  const { session } = match;
  if (request.code === Code.DisconnectRequest) {
    context.disconnect(session, context.undocumented?.disconnectCause ?? 'Admin-Reset');
    return { outcome: { kind: 'ack' }, ignored: [] };
  }
  const asked = readChange(request, session);
  if (asked.kind === 'nak') return { outcome: asked, ignored: [] };
  const timeoutFrom_ms = context.undocumented?.coaSessionTimeoutFrom === 'now' ? context.now_ms : session.startedAt_ms;
  session.change(asked.change, timeoutFrom_ms);
  context.events.emit({ kind: 'changed', session, change: asked.change });
  return { outcome: { kind: 'ack' }, ignored: asked.ignored };
}
