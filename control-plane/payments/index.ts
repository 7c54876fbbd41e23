/** Payments: money received for service, settled in one transaction. */
export { postPayment, type PaymentOutcome } from './post-payment';
export { requestTopUp } from './request-top-up';
export { postTopUp } from './post-top-up';
export { useMoney } from './use-money';
export { askPayout, mayPayOut, payOut, readPayout } from './mpesa/payout';
export { readResult, readStatus } from './mpesa/reversal';
export { isBelieved, type MpesaSettings } from './mpesa/settings';
export { mpesa } from './mpesa/provider';
export { openAccount, openSettings } from './providers';
export { nextAskAt } from './note-outcome';
export type { Account, RefundTold } from './provider';
export { buyerOf, sellToPhone } from './find-buyer';
export { requestPayment, type Requested } from './request-payment';
export { askAgain } from './ask-again';
export { findCompany, readerOfWeb, serviceOf, waitFor, type Company } from './company-page';
export { cardOffers, findCardOrder, openCardOrder, type CardOffer, type CardOrder } from './stripe/card-order';
export { receiptPdf } from './receipt-pdf';
export { countPayments, findPayment, listPayments, type PaymentFilter } from './queries';
export {
  newTransaction,
  manualMethods,
  type ManualMethod,
  type NewTransaction,
  type Payment,
  type PaymentWithTimeline,
} from './schema';
