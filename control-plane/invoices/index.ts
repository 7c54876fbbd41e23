/** Invoices and credit notes: one for each sale and each sum given back, numbered without gaps. */
export { creditSale, issueInvoice, type SaleLine } from './issue-invoice';
export { creditOneSale, findSale, type Sale } from './credit-sale';
export { sheetPdf, type Sheet } from './sheet-pdf';
export { sellerOf } from './settings';
export { exactAmount, partyLines } from './paper';
export { INK, PAGE, PALE, right, RIGHT, rule, sheetHead, sheetPdf, sheetTo, type Doc } from './sheet';
