import { parseIpv4 } from '../../../radius/attributes';

/** One `/ip pool`: `size` addresses from `first` on. */
export interface PoolOptions {
  first: string;
  size: number;
}

export type Lease = { kind: 'leased'; address: string } | { kind: 'unknown_pool' } | { kind: 'pool_empty' };

/** The router's `/ip pool` table. */
export class Pools {
  private readonly pools: Map<string, PoolOptions>;
  private readonly used = new Set<string>();

  constructor(pools: Record<string, PoolOptions>) {
    this.pools = new Map(Object.entries(pools));
  }

  /** Takes the first free address of a pool. */
  lease(name: string): Lease {
    const pool = this.pools.get(name);
    if (pool === undefined) return { kind: 'unknown_pool' };
    const first = parseIpv4(pool.first);
    if (first === undefined) throw new Error(`pool ${name} does not begin with an IPv4 address: ${pool.first}`);
    for (let i = 0; i < pool.size; i++) {
      const address = addressAt(first.readUInt32BE(0) + i);
      if (this.take(address)) return { kind: 'leased', address };
    }
    return { kind: 'pool_empty' };
  }

  /** Marks an address as used; false if it was. */
  take(address: string): boolean {
    if (this.used.has(address)) return false;
    this.used.add(address);
    return true;
  }

  release(address: string): void {
    this.used.delete(address);
  }

  clear(): void {
    this.used.clear();
  }
}

function addressAt(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}
