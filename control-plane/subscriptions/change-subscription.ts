import type { Context } from '../platform/context';
import type { SubscriptionPatch } from './schema';
import { applyChange, lockSubscription, type Locked, type Outcome } from './standing';
import { macLockOf } from './mac-lock';
import { whatIsTaken } from './taken';
import { writePrefixes } from './write-prefixes';

/**
 * Changes credentials, static address, MAC lock or whether it renews itself.
 * A new password or username is asked for at the next login; a session that runs under the old password goes on, because whoever typed it was
 * let in rightly. A new username or address, or a lock on another device, cuts the session: the network would go on showing what is no longer true.
 */
export async function changeSubscription(ctx: Context, id: bigint, patch: SubscriptionPatch): Promise<Outcome> {
  const sub = await lockSubscription(ctx, id);
  if (!sub) return { kind: 'not_found' };
  if (sub.state === 'ended')
    return { kind: 'refused', code: 'is_ended', message: 'It has ended for good: make a new subscription.' };
  if (patch.version !== undefined && patch.version !== sub.version) {
    const message = 'Somebody else changed this subscription since you read it. Read it again and repeat your change.';
    return { kind: 'refused', code: 'changed_meanwhile', message };
  }
  const more = await ctx.tx.subscription.findUniqueOrThrow({
    where: { id },
    select: { mac_learn: true, auto_renew: true },
  });
  const changed = whatChanges({ ...sub, ...more }, patch);
  const { framed_ipv6_prefix, delegated_ipv6_prefix, ...columns } = changed;
  const taken = await whatIsTaken(ctx, changed, id);
  if (taken) return taken;
  const { password } = patch;
  const fields = [...Object.keys(changed), ...(password === undefined ? [] : ['password'])];
  if (fields.length === 0) return { kind: 'done' };
  await writePrefixes(ctx, id, { framed_ipv6_prefix, delegated_ipv6_prefix });
  await applyChange(ctx, id, 'subscriptions.change', {
    data: columns,
    enforce: reasonOf(changed),
    detail: { changed: fields },
  });
  if (password !== undefined) await ctx.tx.$executeRaw`SELECT radius_set_password(${id}, ${password})`;
  return { kind: 'done' };
}

interface Changed {
  username?: string;
  static_ip?: string | null;
  mac_lock?: string | null;
  routes?: string[];
  framed_ipv6_prefix?: string | null;
  delegated_ipv6_prefix?: string | null;
  mac_learn?: boolean;
  auto_renew?: boolean;
}

function whatChanges(sub: Locked & { mac_learn: boolean; auto_renew: boolean }, patch: SubscriptionPatch): Changed {
  const changed: Changed = {};
  if (patch.username !== undefined && patch.username !== sub.username) changed.username = patch.username;
  if (patch.static_ip !== undefined && patch.static_ip !== sub.static_ip) changed.static_ip = patch.static_ip;
  if (patch.mac_lock !== undefined) {
    // Asked to learn while it is locked, it forgets; asked for the address that it is locked to, it stops learning.
    const { mac_lock, mac_learn } = macLockOf(patch.mac_lock);
    if (mac_lock !== sub.mac_lock) changed.mac_lock = mac_lock;
    if (mac_learn !== sub.mac_learn) changed.mac_learn = mac_learn;
  }
  if (patch.routes !== undefined && patch.routes.join() !== sub.routes.join()) changed.routes = patch.routes;
  if (patch.auto_renew !== undefined && patch.auto_renew !== sub.auto_renew) changed.auto_renew = patch.auto_renew;
  // Compared by the database's own spelling only where it costs something: the session is cut once too often at worst.
  if (patch.framed_ipv6_prefix !== undefined) changed.framed_ipv6_prefix = patch.framed_ipv6_prefix;
  if (patch.delegated_ipv6_prefix !== undefined) changed.delegated_ipv6_prefix = patch.delegated_ipv6_prefix;
  return changed;
}

/** The strongest of several: a new name or address ends every session, a lock only those of other devices. */
function reasonOf(changed: Changed): string | undefined {
  if (changed.username !== undefined) return 'username_changed';
  const addressing = [changed.static_ip, changed.routes, changed.framed_ipv6_prefix, changed.delegated_ipv6_prefix];
  if (addressing.some((value) => value !== undefined)) return 'static_ip_changed';
  if (typeof changed.mac_lock === 'string') return 'mac_lock_changed';
  return undefined;
}
