import { createHmac } from 'node:crypto';

/** One made-up customer of the demo ISP. */
export interface Person {
  name: string;
  phone: string;
  username: string;
  plan: string;
  service: 'pppoe' | 'hotspot';
}

const first = [
  'Amina',
  'Brian',
  'Cynthia',
  'Daudi',
  'Esther',
  'Faith',
  'George',
  'Halima',
  'Ibrahim',
  'Joyce',
  'Kevin',
  'Lilian',
  'Mwangi',
  'Naliaka',
  'Otieno',
  'Purity',
  'Rashid',
  'Salome',
];
const last = [
  'Wanjiru',
  'Ochieng',
  'Mutua',
  'Hassan',
  'Chebet',
  'Kamau',
  'Njoroge',
  'Achieng',
  'Barasa',
  'Kiptoo',
  'Omondi',
  'Muthoni',
  'Abdi',
  'Wekesa',
  'Nyambura',
  'Korir',
  'Juma',
];

/** What the demo ISP sells; the bodies are those of POST /api/packages. */
export const plans = [
  {
    name: 'Home 10',
    type: 'pppoe',
    price_cents: 250_000,
    validity: { count: 1, unit: 'month' },
    down_kbps: 10_000,
    up_kbps: 5_000,
    burst: { down_kbps: 16_000, up_kbps: 8_000 },
    interim_s: 60,
  },
  {
    name: 'Home 20',
    type: 'pppoe',
    price_cents: 350_000,
    validity: { count: 1, unit: 'month' },
    down_kbps: 20_000,
    up_kbps: 10_000,
    interim_s: 60,
  },
  {
    name: 'Saver 20 GB',
    type: 'pppoe',
    price_cents: 150_000,
    validity: { count: 1, unit: 'month' },
    down_kbps: 8_000,
    up_kbps: 4_000,
    quota_bytes: 20_000_000_000,
    on_quota: 'throttle',
    throttle_down_kbps: 1_000,
    throttle_up_kbps: 500,
    interim_s: 60,
  },
  {
    name: 'Business 50',
    type: 'pppoe',
    price_cents: 900_000,
    validity: { count: 1, unit: 'month' },
    down_kbps: 50_000,
    up_kbps: 50_000,
    interim_s: 60,
  },
  {
    name: 'Hotspot 3 hours',
    type: 'hotspot',
    price_cents: 3_000,
    validity: { count: 3, unit: 'hour' },
    down_kbps: 4_000,
    up_kbps: 2_000,
    interim_s: 60,
  },
  {
    name: 'Hotspot day 1 GB',
    type: 'hotspot',
    price_cents: 5_000,
    validity: { count: 1, unit: 'day' },
    down_kbps: 5_000,
    up_kbps: 2_000,
    quota_bytes: 1_000_000_000,
    on_quota: 'cut',
    interim_s: 60,
  },
  {
    name: 'Hotspot week',
    type: 'hotspot',
    price_cents: 25_000,
    validity: { count: 1, unit: 'week' },
    down_kbps: 5_000,
    up_kbps: 2_000,
    interim_s: 60,
  },
] as const;

const homePlans = ['Home 10', 'Home 10', 'Home 20', 'Saver 20 GB', 'Home 10', 'Business 50'];
const hotspotPlans = ['Hotspot 3 hours', 'Hotspot day 1 GB', 'Hotspot week'];

/** The same 50 people every time: 34 at home, 16 at the market. Numbers are from a range that is given to nobody. */
export const people: readonly Person[] = Array.from({ length: 50 }, (_, i) => {
  const home = i < 34;
  const name = `${first[i % first.length]} ${last[(i * 7) % last.length]}`;
  const list = home ? homePlans : hotspotPlans;
  return {
    name,
    phone: `+2547000009${String(i).padStart(2, '0')}`,
    username: `${name.toLowerCase().replace(' ', '.')}${home ? '' : `.${i}`}`,
    plan: list[i % list.length] ?? '',
    service: home ? 'pppoe' : 'hotspot',
  };
});

/** Passwords and the router's secret are derived from the master key, so that a later start knows them and nobody else does. */
export function demoSecret(masterKey: Buffer, what: string): string {
  return createHmac('sha256', masterKey).update(`demo ${what}`).digest('base64url').slice(0, 16);
}
