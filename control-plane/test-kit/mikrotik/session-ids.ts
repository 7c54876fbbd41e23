import type { Service } from './session';

/** Two digits for the service: 80 hotspot, 81 any PPP. */
const PREFIX: Record<Service, string> = { hotspot: '80', pppoe: '81' };

/**
 * Acct-Session-Id as RouterOS counts it: prefix of the service, one digit of boots (modulo 16), five of sessions since
 * the boot. It comes again after 16 boots, so it is not unique for ever.
 */
export class SessionIds {
  private counters: Record<Service, number> = { hotspot: 0, pppoe: 0 };

  constructor(private boots: number) {}

  next(service: Service): string {
    const count = this.counters[service]++ & 0xfffff;
    return PREFIX[service] + this.boots.toString(16) + count.toString(16).padStart(5, '0');
  }

  reboot(): void {
    this.boots = (this.boots + 1) & 15;
    this.counters = { hotspot: 0, pppoe: 0 };
  }
}
