/** Discounts: promotions for everybody, and coupons for those who bring a code. */
export { claimCoupon, type ClaimOutcome } from './claim-coupon';
export { priceNow, pricesToPay, priceToPay, recordUse, usesRows, type Price } from './price';
export { findDiscount, listDiscounts } from './queries';
export { archiveDiscount, changeDiscount, createDiscount, type DiscountOutcome } from './save-discount';
export { newDiscount, type Discount, type NewDiscount } from './schema';
