/** Monitoring: how routers are, what was, and who is told when something is wrong. */
export { closeAlert, openAlert } from './alerts';
export { alertKinds, type AlertKind } from './judge';
export { readRouter, type Reading } from './reading';
