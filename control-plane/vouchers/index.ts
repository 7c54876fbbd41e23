/** Vouchers: codes that become subscriptions when they are first used. */
export { createBatch, type BatchOutcome } from './create-batch';
export { redeemVoucher, type RedeemOutcome } from './redeem-voucher';
export { voidBatch } from './void-batch';
export { findBatch, findVoucher, listBatches, listVouchers, type VoucherFilter } from './queries';
export { lastDay } from './admin.view';
export { newBatch, type Batch, type NewBatch, type Voucher } from './schema';
