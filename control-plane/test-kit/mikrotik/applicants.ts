import { chapCredentials, type Credentials, makeCredentials } from './credentials';
import { formatMac } from './mac-format';
import type { HotspotLogin, PppoeLogin, RouterOptions } from './options';
import type { Lease, Pools } from './pools';
import type { Random } from './random';
import type { Applicant } from './requests';
import { SessionIds } from './session-ids';

/** A login as it was asked for; it is kept so that the same device can dial again. */
export type Login = { service: 'pppoe'; options: PppoeLogin } | { service: 'hotspot'; options: HotspotLogin };

export type Admission =
  | { kind: 'admitted'; applicant: Applicant; credentials: Credentials }
  | { kind: 'no_address'; reason: Exclude<Lease['kind'], 'leased'>; mac: string };

/** Turns logins into applicants: gives them session ids, ports, MACs and (hotspot) the address of the device. */
export class Applicants {
  private readonly ids: SessionIds;
  private nextPort = 0;
  private nextMac = 0;

  constructor(
    private readonly options: RouterOptions,
    private readonly pools: Pools,
    private readonly random: Random,
  ) {
    const drawn = Math.floor(random() * 16);
    this.ids = new SessionIds((options.boots ?? drawn) & 15);
  }

  /**
   * Takes up a login. A device without a MAC gets one, which its login keeps for the next time; a hotspot device also
   * needs an address, which the pool may not have.
   */
  admit(login: Login): Admission {
    const mac = (login.options.mac ??= this.drawMac());
    const id = this.ids.next(login.service);
    const lease = this.leaseFor(login);
    if (lease.kind !== 'leased') return { kind: 'no_address', reason: lease.kind, mac };
    const applicant =
      login.service === 'pppoe'
        ? this.dialler(login.options, id, mac)
        : this.device(login.options, id, mac, lease.address);
    const wanted = login.options.authentication ?? (login.service === 'pppoe' ? 'mschap2' : 'chap');
    const kind = wanted === 'mac' ? 'pap' : wanted;
    const named = wanted === 'mac' && this.options.hotspot?.macAuthMode === 'mac-as-username-and-password';
    const password = named ? applicant.username.toString() : login.options.password;
    const chap = login.service === 'hotspot' ? login.options.chap : undefined;
    const credentials = chap ? chapCredentials(chap) : makeCredentials(kind, applicant.username, password, this.random);
    return { kind: 'admitted', applicant, credentials };
  }

  /** Gives back the address of a device that did not get in. */
  dismiss(applicant: Applicant): void {
    if (applicant.service === 'hotspot') this.pools.release(applicant.hostAddress);
  }

  reboot(): void {
    this.ids.reboot();
    this.nextPort = 0;
  }

  private dialler(options: PppoeLogin, id: string, mac: string): Applicant {
    return {
      service: 'pppoe',
      id,
      username: Buffer.from(options.username),
      mac,
      hostAddress: NONE,
      nasPort: 0xf00000 + this.nextPort++,
      interface: options.interface ?? this.options.pppoe?.interface ?? 'ether2',
    };
  }

  private device(options: HotspotLogin, id: string, mac: string, hostAddress: string): Applicant {
    return {
      service: 'hotspot',
      id,
      username: Buffer.from(options.authentication === 'mac' ? this.written(mac) : options.username),
      mac,
      hostAddress,
      nasPort: parseInt(id, 16),
      interface: this.options.hotspot?.interface ?? 'bridge-hs',
    };
  }

  private written(mac: string): string {
    return formatMac(mac, this.options.hotspot?.macFormat ?? 'XX:XX:XX:XX:XX:XX');
  }

  /** A locally administered MAC that names the router too, so that two routers never hand out the same. */
  private drawMac(): string {
    const [, , third = '0', fourth = '0'] = this.options.address.split('.');
    const octets = [2, Number(third), Number(fourth), 0, this.nextMac >> 8, this.nextMac & 255];
    this.nextMac++;
    return octets.map((octet) => octet.toString(16).padStart(2, '0').toUpperCase()).join(':');
  }

  /** The address of a hotspot device; a PPPoE client has none before it is let in. */
  private leaseFor(login: Login): Lease {
    if (login.service === 'pppoe') return { kind: 'leased', address: NONE };
    const { hostAddress } = login.options;
    if (hostAddress !== undefined) return { kind: 'leased', address: hostAddress };
    return this.pools.lease(this.options.hotspot?.pool ?? 'hs-pool');
  }
}

const NONE = '0.0.0.0';
