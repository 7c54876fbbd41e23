import type { TownLife } from '../town';

/** Services of seconds and minutes, for PPPoE and hotspot: what takes a company months happens within one run. */
export function minutesLife(small: boolean): TownLife {
  const minutes = (count: number) =>
    small ? { count: count * 2, unit: 'second' as const } : { count, unit: 'minute' as const };
  return {
    sold: ['plain', 'plain', 'short', 'fair', 'capped'],
    packages: {
      plain: { validity: minutes(4), down_kbps: 10_000, up_kbps: 5000 },
      short: { validity: { count: small ? 3 : 40, unit: 'second' }, down_kbps: 8000, up_kbps: 4000 },
      fair: {
        validity: minutes(7),
        down_kbps: 6000,
        up_kbps: 3000,
        quota_bytes: 8_000_000,
        on_quota: 'throttle',
        throttle_down_kbps: 1000,
        throttle_up_kbps: 500,
      },
      capped: { validity: minutes(10), down_kbps: 4000, up_kbps: 2000, quota_bytes: 8_000_000, on_quota: 'cut' },
    },
    report_ms: small ? 1000 : 20_000,
    redial_ms: small ? 1500 : 15_000,
    hotspotShare: 0.4,
    mayHaveRunOut: true,
  };
}
