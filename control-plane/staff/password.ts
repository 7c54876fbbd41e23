import { hash, verify } from '@node-rs/argon2';
import { Problem } from '../platform/http/problem';

// OWASP's first choice for Argon2id: 19 MiB, two passes; 48 ms to make and 33 ms to check on the machine it was chosen on.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const AT_ONCE = 4;
const WAITING_MAX = 40;

/** Argon2id hash in its usual text form. */
export function hashPassword(password: string): Promise<string> {
  return gated(() => hash(password, cost));
}

/**
 * Whether the password is right. An undefined hash (no such person) takes as long as a real one and is false.
 * @throws Problem 503 when more than forty sign-ins wait: each costs 19 MiB and a strangers' crowd must not take the machine
 */
export async function checkPassword(stored: string | undefined, password: string): Promise<boolean> {
  decoy ??= await hash('nobody has this password', cost);
  // Somebody invited has none yet, which looks the same.
  const against = stored?.startsWith('$argon2id$') ? stored : decoy;
  const right = await gated(() => verify(against, password));
  return right && against === stored;
}

let decoy: string | undefined;
let running = 0;
const waiting: (() => void)[] = [];

async function gated<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (waiting.length >= WAITING_MAX)
      throw new Problem(503, 'busy', 'Too many people are signing in at once. Try again in a few seconds.', undefined, {
        'Retry-After': '3',
      });
    await new Promise<void>((go) => waiting.push(go));
  }
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}
