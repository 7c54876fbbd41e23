import type { Permission } from '../platform/permissions';
import type { Reader } from '../ui';

/** What a permission lets people do, in words: `staff.can_subscribers_write`. A test asks for every one; until it is written the name stands in. */
export function permissionWord(permission: Permission, reader: Reader): string {
  return wordOr(`staff.can_${permission.replaceAll(/[.-]/g, '_')}`, permission, reader);
}

/** The head of a group of permissions: the slice in words. */
export function sliceWord(slice: string, reader: Reader): string {
  return wordOr(`staff.of_${slice.replaceAll('-', '_')}`, slice, reader);
}

/** A page that gives rights must not break because a slice is new: it shows the right under its own name. */
function wordOr(key: string, other: string, { t }: Reader): string {
  try {
    const word = t(key);
    return word === key ? other : word;
  } catch {
    return other;
  }
}
