/** Invoices and credit notes: one for each sale and each sum given back, numbered without gaps. */
export { creditSale, issueInvoice, salesRows, type SaleLine, type SaleToInvoice } from './issue-invoice';
export { creditOneSale, findSale, type Sale } from './credit-sale';
export { sellerOf } from './settings';
export { exactAmount } from './paper';
export { invoiceFile } from './invoice-file';
export { findInvoice, listInvoices } from './queries';
export { sheetPdf, type Sheet } from './sheet-pdf';
export { printFonts } from './pdf-frame';
