import { permissions } from '../permissions';

interface Mountable {
  method: string;
  path: string;
  permission: string;
}

/**
 * Deny by default: a route without a permission that exists does not mount, nor does the same address twice.
 * @throws at start, naming the route
 */
export function assertMountable(routes: readonly Mountable[]): void {
  const known = new Set<string>([...permissions, 'signed_in', 'public']);
  const seen = new Set<string>();
  for (const { method, path, permission } of routes) {
    const address = `${method} ${path.replace(/:\w+/g, ':')}`;
    if (!known.has(permission))
      throw new Error(
        `${method} ${path} names the permission ${permission}, which does not exist. Add it to platform/permissions.ts and to a role.`,
      );
    if (seen.has(address)) throw new Error(`${method} ${path} is mounted twice. Remove one of them.`);
    seen.add(address);
  }
}

/** Fixed segments before parameters, so that /routers/export never falls into /routers/:id, nor /invoices/:id.pdf into /invoices/:id. */
export function bySpecificity(a: Mountable, b: Mountable): number {
  const rank = (path: string): string => `${path.replaceAll(':', '~')}\uffff`;
  return rank(a.path) < rank(b.path) ? -1 : 1;
}
