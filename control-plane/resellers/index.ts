/** Resellers: people of the company who sell for it out of a float, to customers of their own. */
export { findReseller, listResellers, listStock } from './queries';
export { sellService, type SaleOutcome } from './sell-service';
export { statementOf } from './statement';
