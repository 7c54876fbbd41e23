import type { Scenario } from '../../test-kit/daraja';
import { msisdnOf, openMpesaStage, type MpesaStage } from '../../test-kit/payment-provider/mpesa-stage';
import { nextPhone } from '../../test-kit/payment-provider/stage';
import { phoneAt, type Phone, type PhonePage } from '../../test-kit/phone';
import { make, makePackage, makeRouter, shiftClock, type Json } from '../../test-kit/story';
import { until } from '../../test-kit/until';

/** A site that sells by M-Pesa, open for all tests of a file, its clock set right after each. What is in it stands once the first test begins. */
export class ShopStage {
  stage!: MpesaStage;
  hourly!: Json;
  site!: Json;
  private macs = 0;

  nextMac(): string {
    this.macs += 1;
    const [high, low] = [this.macs >> 8, this.macs & 255].map((byte) => byte.toString(16).padStart(2, '0'));
    return `02:E0:00:00:${high}:${low}`.toUpperCase();
  }

  async open(): Promise<void> {
    this.stage = await openMpesaStage();
    const { api } = this.stage.lango;
    this.hourly = await makePackage(api, {
      name: 'Hour 20',
      type: 'hotspot',
      price_cents: 2_000,
      validity: { count: 1, unit: 'hour' },
    });
    const daily = await makePackage(api, {
      name: 'Day 50',
      type: 'hotspot',
      price_cents: 5_000,
      quota_bytes: 2_000_000_000,
    });
    const router = await makeRouter(api);
    this.site = await make(api, '/sites', {
      name: 'Soko Mjinga',
      package_ids: [this.hourly['id'], daily['id']],
      router_ids: [router['id']],
      phone: '0709 200 300',
      trial_minutes: 10,
      terms: 'Be kind.',
    });
  }

  door(mac: string, more = ''): string {
    return `/hotspot/${this.site['slug']}?mac=${encodeURIComponent(mac)}&ip=10.5.50.7${more}`;
  }

  /** Somebody buys the hourly plan, and the phone does what the scenario says. */
  async buy(
    scenario: Scenario,
    mac = this.nextMac(),
    number = nextPhone(),
    phone: Phone = phoneAt(this.stage.lango.baseUrl),
  ) {
    this.stage.daraja.script(scenario, msisdnOf(number));
    await phone.open(this.door(mac));
    const page = await phone.send('/buy', { phone: number, way: 'mpesa' });
    return { phone, mac, number, page };
  }

  /** The services that a device is bound to. */
  async devices(mac: string): Promise<string[]> {
    const rows = await this.stage.lango.asOwner<{ id: string }>(
      'SELECT subscription_id::text AS id FROM hotspot_device WHERE mac = $1',
      [mac],
    );
    return rows.map(({ id }) => id);
  }
}

/** Opens the shop before the first test of a file and closes it after the last. */
export function onShopStage(): ShopStage {
  const shop = new ShopStage();
  beforeAll(() => shop.open(), 90_000);
  afterAll(() => shop.stage?.stop());
  afterEach(() => shiftClock(shop.stage.lango.db, '0'));
  jest.setTimeout(60_000);
  return shop;
}

/** What a page of the shop is about, by the beginning of its title. */
export const phaseOf = (page: PhonePage): string | undefined => /data-title="([^·"]*) ·/.exec(page.text)?.[1];

export const titled = (phone: Phone, path: string, title: string): Promise<PhonePage> =>
  until(
    () => phone.open(path),
    (page) => phaseOf(page) === title,
  );

/** The words of the filled buttons: what a page would have somebody do. */
export const actsOf = (page: PhonePage): (string | undefined)[] =>
  [...page.text.matchAll(/class="button is-(?:pay|main)"[^>]*>([^<]*)</g)].map(([, word]) => word);
