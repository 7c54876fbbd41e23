import type { Person } from '../platform/http/person';
import { Problem } from '../platform/http/problem';

/**
 * Who works as somebody else changes nothing of how that person proves themselves, and makes no key in their name.
 * @throws Problem 409 for somebody who works as somebody else
 */
export function ownHand(person: Person): void {
  if (person.impersonator)
    throw new Problem(
      409,
      'impersonating',
      'You are working as somebody else. Passwords, sign-ins and tokens are theirs to change.',
    );
}
