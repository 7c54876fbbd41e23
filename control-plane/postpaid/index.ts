/** Postpaid: service that is billed after each month, and what customers owe for it. */
export { holdDebt, holdDebts, owedCents, payDebt } from './pay-debt';
export { statementOf } from './statement';
export { statementPdf } from './statement-pdf';
