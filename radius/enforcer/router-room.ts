/** Exchanges under way with a router that has not answered yet; doubled by each answer. */
export const FIRST_WINDOW = 8;
const WIDEST_WINDOW = 64;
/** Two, so that a single lost session does not hide that the router is back. */
const SILENT_WINDOW = 2;

interface RouterState {
  window: number;
  underWay: number;
  /** The last claim took all that there was room for: rows may have been left. */
  more: boolean;
}

/**
 * How many exchanges each router may have at a time: few for one that is silent, more for one that answers. Thus a dead router with
 * thousands of rows holds up no other.
 */
export class RouterRoom {
  private readonly routers = new Map<string, RouterState>();

  /** Room left, of every router that has a state of its own. */
  left(): Map<string, number> {
    const left = new Map<string, number>();
    for (const [id, router] of this.routers) left.set(id, Math.max(0, router.window - router.underWay));
    return left;
  }

  /**
   * The rows of a claim begin, which was told that `room` was left. `silent` is what the database says of a router that has no state here. Where a router got all
   * that there was room for, each of its ends tells of more, until a claim comes back with less: all that it answers in one moment is filled
   * again at once, and not only the one place that was free first.
   */
  took(given: readonly { nasId: string; silent: boolean }[], room: ReadonlyMap<string, number>): void {
    const got = new Map<string, number>();
    for (const { nasId, silent } of given) {
      const router = this.routers.get(nasId) ?? {
        window: silent ? SILENT_WINDOW : FIRST_WINDOW,
        underWay: 0,
        more: false,
      };
      router.underWay += 1;
      this.routers.set(nasId, router);
      got.set(nasId, (got.get(nasId) ?? 0) + 1);
    }
    for (const [id, router] of this.routers) {
      router.more = (got.get(id) ?? 0) >= (room.get(id) ?? router.window);
    }
  }

  /** True when rows may have been left for the router. */
  end(nasId: string, outcome: 'answered' | 'silent' | 'none'): boolean {
    const router = this.routers.get(nasId);
    if (router === undefined) return false;
    router.underWay -= 1;
    if (outcome === 'answered') router.window = Math.min(WIDEST_WINDOW, Math.max(FIRST_WINDOW, router.window * 2));
    if (outcome === 'silent') router.window = SILENT_WINDOW;
    // The database knows which routers are silent; nothing else about an idle one is worth keeping.
    if (router.underWay === 0 && outcome !== 'answered') this.routers.delete(nasId);
    return router.more;
  }
}
