import type { Actor } from '../platform/context';
import type { Permission } from '../platform/permissions';
import type { NavLink } from '../ui';

type Entry = {
  href: string;
  icon: string;
  label: string;
  short?: string;
  needs: Permission;
  far?: boolean;
  own?: boolean;
};

/** The rail: daily work first, then what is set up seldom. The phone bar shows those that are not `far`; `own` is for a reseller's people. */
const ENTRIES: Entry[][] = [
  [
    { href: '/resellers/own', icon: 'cash', label: 'resellers.nav_own', needs: 'resellers.sell', own: true },
    { href: '/dashboard', icon: 'home', label: 'ui.nav_today', needs: 'dashboard.read' },
    {
      href: '/sessions',
      icon: 'pulse',
      label: 'ui.nav_sessions',
      short: 'ui.nav_sessions_short',
      needs: 'sessions.read',
    },
    { href: '/subscribers', icon: 'people', label: 'ui.nav_subscribers', needs: 'subscribers.read' },
    { href: '/payments', icon: 'money', label: 'ui.nav_payments', needs: 'payments.read' },
    { href: '/invoices', icon: 'document', label: 'invoices.title', needs: 'invoices.read', far: true },
    { href: '/postpaid', icon: 'calendar', label: 'postpaid.nav', needs: 'postpaid.read', far: true },
    { href: '/approvals', icon: 'approve', label: 'approvals.title', needs: 'approvals.decide', far: true },
  ],
  [
    { href: '/join/requests', icon: 'join', label: 'join.nav', needs: 'join.decide', far: true },
    { href: '/plans', icon: 'box', label: 'ui.nav_plans', needs: 'plans.read', far: true },
    { href: '/vouchers', icon: 'ticket', label: 'vouchers.title', needs: 'vouchers.read', far: true },
    { href: '/resellers', icon: 'shop', label: 'resellers.title', needs: 'resellers.read', far: true },
    { href: '/discounts', icon: 'percent', label: 'discounts.title', needs: 'discounts.read', far: true },
    { href: '/bulk', icon: 'stack', label: 'bulk.title', needs: 'subscriptions.write', far: true },
    { href: '/routers', icon: 'router', label: 'ui.nav_routers', needs: 'routers.read' },
    { href: '/configurations', icon: 'config', label: 'configurations.link', needs: 'configurations.read', far: true },
    { href: '/firmware', icon: 'bolt', label: 'firmware.link', needs: 'firmware.read', far: true },
    { href: '/drift', icon: 'drift', label: 'drift.title', needs: 'drift.read', far: true },
    { href: '/monitoring', icon: 'warning', label: 'monitoring.nav', needs: 'monitoring.read', far: true },
    { href: '/sites', icon: 'pin', label: 'sites.title', needs: 'sites.read', far: true },
    { href: '/pools', icon: 'pool', label: 'pools.title', needs: 'pools.read', far: true },
    { href: '/access', icon: 'lock', label: 'access.nav', needs: 'access.explain', far: true },
    { href: '/staff', icon: 'badge', label: 'staff.title', needs: 'staff.read', far: true },
    { href: '/audit', icon: 'history', label: 'audit.title', needs: 'audit.read', far: true },
    { href: '/tenants/settings', icon: 'sliders', label: 'tenants.settings_nav', needs: 'tenants.settings', far: true },
    { href: '/tenants', icon: 'building', label: 'tenants.title', needs: 'tenants.manage', far: true },
    { href: '/tokens', icon: 'key', label: 'tokens.title', needs: 'tokens.manage', far: true },
    { href: '/messages', icon: 'message', label: 'messages.title', needs: 'messages.read', far: true },
    { href: '/webhooks', icon: 'send', label: 'webhooks.title', needs: 'webhooks.read', far: true },
    { href: '/requests', icon: 'lines', label: 'requests.nav', needs: 'requests.read', far: true },
  ],
];

/** Entries a person may open; the others are absent, not greyed. The entry that holds `path` is the current one. */
export function navigation(
  { permissions, reseller }: Pick<Actor, 'permissions' | 'reseller'>,
  path: string,
): NavLink[][] {
  return ENTRIES.map((group) =>
    group
      .filter((entry) => permissions.has(entry.needs) && (!entry.own || reseller !== undefined))
      .map(({ href, icon, label, short, far }) => {
        const link: NavLink = { href, icon, label, short: short ?? label };
        if (path === href || path.startsWith(`${href}/`)) link.current = true;
        if (far) link.far = true;
        return link;
      }),
  ).filter((group) => group.length > 0);
}
