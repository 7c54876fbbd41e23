/** Numbers of the plan's smallest units as people type them, so that what is shown can be read back without loss. */

/** 1500 with 3 decimals is "1.5", 10000 is "10"; nothing is "". */
export function decimalText(value: number | null | undefined, decimals: number): string {
  if (value === null || value === undefined) return '';
  const digits = String(value).padStart(decimals + 1, '0');
  const at = digits.length - decimals;
  const fraction = digits.slice(at).replace(/0+$/, '');
  return fraction === '' ? digits.slice(0, at) : `${digits.slice(0, at)}.${fraction}`;
}

/** Hours: 5400 seconds are "1.5", 100 seconds "0:01:40". */
export function durationText(seconds: number | null | undefined): string {
  if (!seconds) return '';
  if (seconds % 36 === 0) return decimalText(seconds / 36, 2);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** The seconds of "1.5", "1:30" or "0:01:40", all hours first. */
export function secondsOf(text: string): number | undefined {
  const clock = /^(\d{1,6}):([0-5]\d)(?::([0-5]\d))?$/.exec(text);
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0);
  const hours = /^(\d{1,6})(?:[.](\d{1,2}))?$/.exec(text);
  return hours ? Number(hours[1]) * 3600 + Number((hours[2] ?? '').padEnd(2, '0')) * 36 : undefined;
}
