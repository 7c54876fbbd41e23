/** Sessions: who is and was connected. Written by accounting; staff read them here and ask the network to change them. */
export { findSession, listSessions, type Session, type SessionFilter } from './queries';
export { disconnectSession, rateSession, type SessionOutcome } from './enforce-session';
export { sessionSpeed } from './session-speed';
export { sessionProof } from './session-proof';
