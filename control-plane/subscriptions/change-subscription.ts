import type { Context } from '../platform/context';
import type { SubscriptionPatch } from './schema';
import { applyChange, lockSubscription, type Locked, type Outcome } from './standing';
import { whatIsTaken } from './taken';

/**
 * Changes credentials, static address or MAC lock.
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
  const changed = whatChanges(sub, patch);
  const taken = await whatIsTaken(ctx, { username: changed.username, static_ip: changed.static_ip }, id);
  if (taken) return taken;
  const { password } = patch;
  const fields = [...Object.keys(changed), ...(password === undefined ? [] : ['password'])];
  if (fields.length === 0) return { kind: 'done' };
  await applyChange(ctx, id, 'subscriptions.change', {
    data: changed,
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
}

function whatChanges(sub: Locked, patch: SubscriptionPatch): Changed {
  const changed: Changed = {};
  if (patch.username !== undefined && patch.username !== sub.username) changed.username = patch.username;
  if (patch.static_ip !== undefined && patch.static_ip !== sub.static_ip) changed.static_ip = patch.static_ip;
  if (patch.mac_lock !== undefined && patch.mac_lock !== sub.mac_lock) changed.mac_lock = patch.mac_lock;
  return changed;
}

/** The strongest of several: a new name or address ends every session, a lock only those of other devices. */
function reasonOf(changed: Changed): string | undefined {
  if (changed.username !== undefined) return 'username_changed';
  if (changed.static_ip !== undefined) return 'static_ip_changed';
  if (typeof changed.mac_lock === 'string') return 'mac_lock_changed';
  return undefined;
}
