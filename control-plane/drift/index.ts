/** Drift: what on routers goes past billing. */
export { driftKinds, findDrift, type Drift, type DriftKind } from './find-drift';
