const UNITS: Record<string, number> = { '': 1, k: 1000, m: 1_000_000, g: 1_000_000_000 };

/** Upload and download in bits per second: of the first group of a Mikrotik-Rate-Limit, or of a queue's max-limit. Undefined: not readable. */
export function plainRate(text: string): readonly [up: number, down: number] | undefined {
  const parts = /^\s*(\d{1,15})([kKmMgG]?)(?:\/(\d{1,15})([kKmMgG]?))?(?:\s|$)/.exec(text);
  if (!parts) return undefined;
  const up = Number(parts[1]) * (UNITS[(parts[2] ?? '').toLowerCase()] ?? 1);
  const down = parts[3] === undefined ? up : Number(parts[3]) * (UNITS[(parts[4] ?? '').toLowerCase()] ?? 1);
  return [up, down];
}

/** Whether two such texts mean the same plain rate. */
export function sameRate(a: string, b: string): boolean {
  const [one, other] = [plainRate(a), plainRate(b)];
  return one !== undefined && other !== undefined && one[0] === other[0] && one[1] === other[1];
}
