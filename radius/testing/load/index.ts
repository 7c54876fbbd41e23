/**
 * The load generator of the bench: `await runLoad({host, port, secret, kind, mode, duration_ms, users, …})`.
 * It runs in processes of its own and reports their CPU, so that a bench can show that it was not the bottleneck.
 * What was sent for a session can be computed afterwards from `workers[].share`, `.issued` and countersOf.
 */
export type { LoadKind, LoadOptions, LoadResult, WorkerReport } from './options';
export { countersOf, isAccess, sessionIdOf, userNameOf } from './requests';
export { runLoad } from './run';
