/** Address pools: what routers give out, how full it is, and which addresses are customers' own. */
export { findPool, listPools, poolNames, poolsNearEnd } from './queries';
export { changePool, createPool, removePool, type PoolOutcome } from './save-pool';
export { newPool, type NewPool, type Pool } from './schema';
