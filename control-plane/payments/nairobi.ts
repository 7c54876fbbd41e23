/** yyyyMMddHHmmss in Nairobi, which has no summer time. */
export const nairobiStamp = (at: Date): string =>
  new Date(at.getTime() + 3 * 3_600_000).toISOString().replaceAll(/[-T:]/g, '').slice(0, 14);

/** The moment of such a stamp; undefined for what is none. */
export function momentOfStamp(text: string): Date | undefined {
  const [, y = '', mo = '', d = '', h = '', mi = '', s = ''] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  const at = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}+03:00`);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
