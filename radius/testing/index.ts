/**
 * What tests and the bench need to speak RADIUS from outside: one exchange (`exchange`), a tiny server (`TestServer`),
 * packets as real NASes send them (`SAMPLES`), and the load generator (`runLoad`, see load/).
 */
export { exchange } from './client';
export type { Exchange, ExchangeOptions } from './client';
export { countersOf, runLoad, sessionIdOf, userNameOf } from './load';
export type { LoadKind, LoadOptions, LoadResult, WorkerReport } from './load';
export { encodeSample, SAMPLES } from './samples';
export type { Sample } from './samples';
export { TestServer } from './server';
export type { Answer } from './server';
