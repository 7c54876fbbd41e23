/** The roles that every company has, besides those it makes itself. */
export const builtInRoles = [
  'super_admin',
  'isp_admin',
  'technician',
  'support',
  'sales',
  'finance',
  'reseller',
] as const;
export type BuiltInRole = (typeof builtInRoles)[number];

/**
 * Every permission there is, named `<slice>.<action>`, with the built-in roles that hold it beside super_admin, who holds all. A route may only
 * name one of these. The roles in the database are made by migrations; a test holds the two to each other, and docs/reference/permissions.md is
 * made from this table and the routes.
 */
const table = {
  'dashboard.read': 'isp_admin technician support sales finance',
  'subscribers.read': 'isp_admin technician support sales finance reseller',
  'subscribers.write': 'isp_admin support sales reseller',
  'subscribers.remove': 'isp_admin support sales',
  'subscribers.erase': 'isp_admin',
  'plans.read': 'isp_admin technician support sales finance reseller',
  'plans.write': 'isp_admin',
  'subscriptions.read': 'isp_admin technician support sales finance reseller',
  'subscriptions.write': 'isp_admin support sales',
  'subscriptions.suspend': 'isp_admin support finance',
  'imports.write': 'isp_admin support sales',
  'join.decide': 'isp_admin support sales',
  'routers.read': 'isp_admin technician support',
  'routers.write': 'isp_admin technician',
  'pools.read': 'isp_admin technician support',
  'pools.write': 'isp_admin technician',
  'sites.read': 'isp_admin technician support sales',
  'sites.write': 'isp_admin technician',
  'radsec.read': 'isp_admin technician support',
  'radsec.write': 'isp_admin technician',
  'radsec.authority': '',
  'sessions.read': 'isp_admin technician support sales',
  'sessions.disconnect': 'isp_admin technician support',
  'sessions.trace': 'isp_admin',
  'access.explain': 'isp_admin technician support',
  'vouchers.read': 'isp_admin support sales finance reseller',
  'vouchers.write': 'isp_admin sales',
  'discounts.read': 'isp_admin support sales finance',
  'discounts.write': 'isp_admin',
  'discounts.claim': 'isp_admin support sales',
  'payments.read': 'isp_admin finance support sales reseller',
  'payments.write': 'isp_admin finance',
  'payments.settings': 'isp_admin',
  'payments.refund': 'isp_admin finance',
  'approvals.decide': 'isp_admin finance',
  'approvals.settings': 'isp_admin',
  'resellers.read': 'isp_admin sales finance',
  'resellers.write': 'isp_admin',
  'resellers.float': 'isp_admin finance',
  'resellers.pay': 'isp_admin finance',
  'resellers.sell': 'isp_admin reseller',
  'configurations.read': 'isp_admin technician',
  'configurations.write': 'isp_admin technician',
  'drift.read': 'isp_admin technician',
  'drift.write': 'isp_admin technician',
  'firmware.read': 'isp_admin technician support',
  'firmware.write': 'isp_admin technician',
  'rotation.read': 'isp_admin technician support',
  'rotation.write': 'isp_admin technician',
  'rotation.settings': 'isp_admin',
  'monitoring.read': 'isp_admin technician support',
  'monitoring.write': 'isp_admin technician',
  'ledger.read': 'isp_admin finance',
  'invoices.read': 'isp_admin finance support sales',
  'invoices.credit': 'isp_admin finance',
  'invoices.settings': 'isp_admin finance',
  'postpaid.read': 'isp_admin finance support sales',
  'postpaid.write': 'isp_admin finance',
  'postpaid.promise': 'isp_admin finance support',
  'postpaid.write_off': 'isp_admin',
  'postpaid.settings': 'isp_admin finance',
  'wallets.read': 'isp_admin finance support sales',
  'wallets.transfer': 'isp_admin finance',
  'messages.read': 'isp_admin support sales finance',
  'messages.send': 'isp_admin support sales',
  'messages.settings': 'isp_admin',
  'audit.read': 'isp_admin',
  'tokens.manage': 'isp_admin',
  'requests.read': 'isp_admin',
  'requests.errors': '',
  'webhooks.read': 'isp_admin',
  'webhooks.write': 'isp_admin',
  'staff.read': 'isp_admin',
  'staff.write': 'isp_admin',
  'tenants.settings': 'isp_admin',
  'tenants.manage': '',
  'tenants.impersonate': '',
} as const satisfies Record<`${string}.${string}`, string>;

export type Permission = keyof typeof table;

export const permissions = Object.keys(table) as Permission[];

/** Whether a built-in role holds a permission. */
export function roleHolds(role: BuiltInRole, permission: Permission): boolean {
  return role === 'super_admin' || table[permission].split(' ').includes(role);
}
