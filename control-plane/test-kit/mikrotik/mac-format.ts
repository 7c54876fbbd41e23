/** `radius-mac-format` of a hotspot profile: every value that RouterOS has. */
export const macFormats = [
  'XX:XX:XX:XX:XX:XX',
  'XX XX XX XX XX XX',
  'XX-XX-XX-XX-XX-XX',
  'XXXX:XXXX:XXXX',
  'XXXXXX:XXXXXX',
  'XXXXXX-XXXXXX',
  'XXXXXXXXXXXX',
] as const;
export type MacFormat = (typeof macFormats)[number];

/** A MAC written with colons, in another form. */
export function formatMac(mac: string, format: MacFormat): string {
  const digits = mac.replaceAll(':', '');
  let at = 0;
  return format.replaceAll('X', () => digits[at++] ?? '');
}
