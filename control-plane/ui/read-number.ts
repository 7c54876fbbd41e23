/**
 * Reads a number as people type it ("1,500", "2 500.50") into its smallest units: `decimals` 2 gives cents, 9 gives bytes from gigabytes.
 * undefined for anything that is not a plain positive number with at most that many decimals, or too large to be meant.
 */
export function readDecimal(text: string, decimals: number): number | undefined {
  const plain = text.replace(/[\s ,]/g, '');
  const match = /^(\d{1,12})(?:\.(\d+))?$/.exec(plain);
  if (!match || (match[2]?.replace(/0+$/, '').length ?? 0) > decimals) return undefined;
  const value = Number(`${match[1]}${(match[2] ?? '').padEnd(decimals, '0').slice(0, decimals)}`);
  return Number.isSafeInteger(value) ? value : undefined;
}
