import { setTimeout as sleep } from 'node:timers/promises';
import type { Product } from './product';
import type { Violations } from './proof';
import type { Resident, Town } from './town';

interface Standing {
  id: string;
  state: string;
  down_kbps: string;
  throttle_down_kbps: string | null;
}

/** How long the network may take to agree when nothing more goes wrong: a lease of a killed enforcer, its pauses, a redial. */
const patience_ms = 90_000;
/** Where services end every moment somebody always differs, but nobody for so long, as far back as `watched_ms`. */
const steady_ms = 3_000;
const watched_ms = 10_000;

/**
 * Waits until the routers enforce what was sold and no more, for every resident: not entitled means offline or in the
 * walled garden (no free rider), entitled means online at the right rate (no payer locked out). Reports who still differs
 * at the end of the patience. Gives the milliseconds it took.
 */
export async function expectAgreement(product: Product, town: Town, violations: Violations): Promise<number> {
  const began = Date.now();
  const since = new Map<string, number>();
  let lastLong_ms = began;
  for (;;) {
    await sleep(town.residents.length > 1000 ? 1000 : 250);
    const differing = await disagreements(product, town);
    const now = Date.now();
    for (const username of since.keys()) if (!differing.has(username)) since.delete(username);
    for (const username of differing.keys()) if (!since.has(username)) since.set(username, now);
    if ([...since.values()].some((from) => now - from > steady_ms)) lastLong_ms = now;
    if (differing.size === 0 || now - lastLong_ms > watched_ms) return now - began;
    if (now - began < patience_ms) continue;
    for (const [username, text] of differing)
      if (now - (since.get(username) ?? now) > steady_ms)
        violations.add(`${text}, ${Math.round(patience_ms / 1000)} s after the last disturbance`);
    return now - began;
  }
}

/** One sentence for each resident whose router does not do what was sold, by username. */
export async function disagreements(product: Product, town: Town): Promise<Map<string, string>> {
  const rows = await product.ask<Standing>(
    `SELECT s.id::text, s.state, v.down_kbps, v.throttle_down_kbps FROM subscription_now s JOIN plan_version v ON v.id = s.plan_version_id`,
  );
  const standing = new Map(rows.map((row) => [row.id, row]));
  const found = new Map<string, string>();
  for (const resident of town.residents) {
    const { username, sold, service } = resident;
    const stands = standing.get(resident.subscriptionId);
    const wrong = stands ? judge(town, resident, stands) : 'has no subscription any more';
    if (wrong === undefined) continue;
    found.set(
      username,
      `${username} (${service} ${sold}, ${stands?.state}) ${wrong}; last login ${town.lastLoginOf(resident)}`,
    );
  }
  return found;
}

function judge(town: Town, resident: Resident, stands: Standing): string | undefined {
  const session = town.sessionOf(resident);
  const inGarden = session?.entitlement.addressLists.includes('expired') ?? false;
  const down_bps = session?.entitlement.rateLimit?.down_bps;
  switch (stands.state) {
    case 'active':
    case 'grace':
      if (!session) return 'is entitled and offline';
      if (inGarden) return 'is entitled and in the walled garden';
      return down_bps === Number(stands.down_kbps) * 1000 ? undefined : `is entitled and runs at ${down_bps} bit/s`;
    case 'throttled':
      if (!session) return 'may be online, throttled, and is offline';
      return down_bps === Number(stands.throttle_down_kbps) * 1000
        ? undefined
        : `is to be throttled and runs at ${down_bps} bit/s`;
    default:
      return session && !inGarden ? `is not entitled and online (session ${session.id})` : undefined;
  }
}
