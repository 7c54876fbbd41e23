/** A RouterOS version: `7.15.3` is [7, 15]. */
export type Version = readonly [major: number, minor: number];

/** Reads what a router says of its version, as `7.15.3 (stable)`, `6.49.10` or `7.18rc2`; undefined for anything else. */
export function parseVersion(text: string): Version | undefined {
  const found = /^([67])\.(\d{1,3})(?![\d])/.exec(text);
  return found ? [Number(found[1]), Number(found[2])] : undefined;
}

export const atLeast = (version: Version, major: number, minor: number): boolean =>
  version[0] > major || (version[0] === major && version[1] >= minor);
