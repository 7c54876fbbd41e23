/** Payments: money received for service, settled in one transaction. */
export { postPayment, type PaymentOutcome } from './post-payment';
export { countPayments, findPayment, listPayments, type PaymentFilter } from './queries';
export {
  newTransaction,
  manualMethods,
  type ManualMethod,
  type NewTransaction,
  type Payment,
  type PaymentWithTimeline,
} from './schema';
