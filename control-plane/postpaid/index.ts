/** Postpaid: service that is billed after each month, and what customers owe for it. */
export { holdDebt, owedCents, payDebt } from './pay-debt';
