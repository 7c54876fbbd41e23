/** Payments: money received for service, settled in one transaction. */
export { postPayment, type PaymentOutcome } from './post-payment';
export { requestTopUp } from './request-top-up';
export { postTopUp } from './post-top-up';
export { useMoney } from './use-money';
export { buyerOf } from './find-buyer';
export type { Requested } from './request-payment';
export { countPayments, findPayment, listPayments, type PaymentFilter } from './queries';
export {
  newTransaction,
  manualMethods,
  type ManualMethod,
  type NewTransaction,
  type Payment,
  type PaymentWithTimeline,
} from './schema';
