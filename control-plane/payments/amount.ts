/** "1500.5" and 1500 alike, without a detour over binary fractions. Undefined for what is no amount. */
export function centsOf(text: string): bigint | undefined {
  const [, whole = '', part = ''] = /^(\d{1,12})(?:\.(\d{1,2})0*)?$/.exec(text.trim()) ?? [];
  return whole === '' ? undefined : BigInt(whole) * 100n + BigInt(part.padEnd(2, '0') || '0');
}
