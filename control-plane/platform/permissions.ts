/**
 * Every permission there is, named `<slice>.<action>`. A route may only name one of these, and a test holds the list to what the roles in the
 * database are given, so that neither side can drift.
 */
export const permissions = [
  'dashboard.read',
  'subscribers.read',
  'subscribers.write',
  'plans.read',
  'plans.write',
  'subscriptions.read',
  'subscriptions.write',
  'subscriptions.suspend',
  'routers.read',
  'routers.write',
  'radsec.read',
  'radsec.write',
  'radsec.authority',
  'sessions.read',
  'sessions.disconnect',
  'access.explain',
  'vouchers.read',
  'vouchers.write',
  'payments.read',
  'payments.write',
  'ledger.read',
  'audit.read',
  'staff.read',
  'staff.write',
] as const;

export type Permission = (typeof permissions)[number];
