/** Enforcement as staff see it: what must become true for a session, each try and the proof. The enforcer (radius/enforcer) does the work. */
export { findEnforcement, listEnforcements, type Enforcement, type EnforcementFilter } from './queries';
