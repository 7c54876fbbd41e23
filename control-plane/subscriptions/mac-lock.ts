/** The columns of what somebody asked for as the device lock: an address, `learn`, or nothing. */
export function macLockOf(wanted: string | null | undefined): { mac_lock: string | null; mac_learn: boolean } {
  return wanted === 'learn' ? { mac_lock: null, mac_learn: true } : { mac_lock: wanted ?? null, mac_learn: false };
}
