/**
 * Reads a number as people type it ("1,500", "2 500.50") into its smallest units: `decimals` 2 gives cents, 9 gives bytes from gigabytes.
 * undefined for a comma or blank that does not stand before three figures ("2,50" is not 250), and for anything that is not a plain positive number with at most that many decimals, or too large to be meant.
 */
export function readDecimal(text: string, decimals: number): number | undefined {
  const grouped = /^(\d+|\d{1,3}(?:[\s,]\d{3})+)(?:\.(\d+))?$/.exec(text.trim());
  const whole = grouped?.[1]?.replace(/[\s,]/g, '') ?? '';
  const part = grouped?.[2] ?? '';
  if (!/^\d{1,12}$/.test(whole) || part.replace(/0+$/, '').length > decimals) return undefined;
  const value = Number(`${whole}${part.padEnd(decimals, '0').slice(0, decimals)}`);
  return Number.isSafeInteger(value) ? value : undefined;
}
