/** Exchanges under way with a router that has not answered yet; doubled by each answer. */
export const FIRST_WINDOW = 8;
const WIDEST_WINDOW = 64;
/** Two, so that a single lost session does not hide that the router is back. */
const SILENT_WINDOW = 2;

interface RouterState {
  window: number;
  underWay: number;
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

  begin(nasId: string): void {
    const router = this.routers.get(nasId) ?? { window: FIRST_WINDOW, underWay: 0 };
    router.underWay += 1;
    this.routers.set(nasId, router);
  }

  /** True when the router had no room: rows may have been left for it. */
  end(nasId: string, outcome: 'answered' | 'silent' | 'none'): boolean {
    const router = this.routers.get(nasId);
    if (router === undefined) return false;
    const wasFull = router.underWay >= router.window;
    router.underWay -= 1;
    if (outcome === 'answered') router.window = Math.min(WIDEST_WINDOW, Math.max(FIRST_WINDOW, router.window * 2));
    if (outcome === 'silent') router.window = SILENT_WINDOW;
    // The database knows which routers are silent; nothing else about an idle one is worth keeping.
    if (router.underWay === 0 && outcome !== 'answered') this.routers.delete(nasId);
    return wasFull;
  }
}
