import type { Row } from '../../../../radius/routeros';
import { matchesQuery } from '../api-query';
import type { RouterConfig } from './config';
import type { Reply } from './reply';

/** Menus whose rows are interfaces, and what they are called as such. */
const KINDS: Record<string, string> = {
  '/interface/ethernet': 'ether',
  '/interface/bridge': 'bridge',
  '/interface/vlan': 'vlan',
  '/interface/wireguard': 'wg',
  '/interface/l2tp-client': 'l2tp-out',
  '/interface/sstp-client': 'sstp-out',
  '/interface/pppoe-client': 'pppoe-out',
};

interface Traffic {
  rx: number;
  tx: number;
  rx_bps: number;
  tx_bps: number;
  since_ms: number;
}

/** `/interface`: what every kind of interface has in common, with its counters. */
export class Interfaces {
  private readonly traffic = new Map<string, Traffic>();
  /** More that are there without standing in a menu: those of PPPoE sessions. */
  dynamic: () => Row[] = () => [];

  constructor(private readonly config: RouterConfig) {
    config.serve('/interface/print', (_, queries) => ({
      rows: this.rows().filter((row) => matchesQuery(row, queries)),
    }));
    config.serve('/interface/find', (_, queries) => ({
      ret: this.rows()
        .filter((row) => matchesQuery(row, queries))
        .map((row) => row['.id'])
        .join(';'),
    }));
    config.serve('/interface/monitor-traffic', (args) => this.monitor(args));
    for (const verb of ['set', 'enable', 'disable', 'comment'])
      config.serve(`/interface/${verb}`, (args) => this.pass(verb, args));
  }

  has(name: string): boolean {
    return this.rows().some((row) => row['name'] === name || row['.id'] === name);
  }

  /** What flows from now on, in bits a second: `rx` comes into the router. */
  setTraffic(name: string, { rx_bps, tx_bps }: { rx_bps: number; tx_bps: number }): void {
    this.traffic.set(name, { ...this.counted(name), rx_bps, tx_bps, since_ms: this.config.clock.now_ms() });
  }

  /** Pulls or plugs the cable. */
  setRunning(name: string, running: boolean): void {
    for (const menu of Object.keys(KINDS)) {
      const row = this.config.find(menu, { name });
      if (row) (row as Record<string, string>)['running'] = String(running);
    }
  }

  private rows(): Row[] {
    let id = 0;
    const rows = Object.entries(KINDS).flatMap(([menu, type]) =>
      this.config.rows(menu).map((row): Row => {
        const { rx, tx } = this.counted(row['name'] ?? '');
        return {
          '.id': `*${(++id).toString(16).toUpperCase()}`,
          name: row['name'] ?? '',
          ...(row['default-name'] !== undefined && { 'default-name': row['default-name'] }),
          type,
          mtu: row['mtu'] ?? '1500',
          ...(row['mac-address'] !== undefined && { 'mac-address': row['mac-address'] }),
          'link-downs': '0',
          'rx-byte': String(rx),
          'tx-byte': String(tx),
          'rx-packet': String(Math.round(rx / 800)),
          'tx-packet': String(Math.round(tx / 800)),
          running: row['disabled'] === 'true' ? 'false' : (row['running'] ?? 'true'),
          disabled: row['disabled'] ?? 'false',
          ...(row['comment'] ? { comment: row['comment'] } : {}),
        };
      }),
    );
    return [...rows, ...this.dynamic()];
  }

  private counted(name: string): Traffic {
    const now_ms = this.config.clock.now_ms();
    const { rx, tx, rx_bps, tx_bps, since_ms } = this.traffic.get(name) ?? {
      rx: 0,
      tx: 0,
      rx_bps: 0,
      tx_bps: 0,
      since_ms: now_ms,
    };
    const octets = (bps: number): number => Math.round((bps * Math.max(0, now_ms - since_ms)) / 8000);
    return { rx: rx + octets(rx_bps), tx: tx + octets(tx_bps), rx_bps, tx_bps, since_ms: now_ms };
  }

  private monitor(args: Row): Reply {
    const names = (args['interface'] ?? args['numbers'] ?? args['.id'] ?? '').split(',').filter((name) => name !== '');
    if (names.some((name) => !this.has(name))) return { trap: 'input does not match any value of interface' };
    return {
      rows: names.map((name) => {
        const { rx_bps, tx_bps } = this.counted(name);
        return {
          name,
          'rx-packets-per-second': String(Math.round(rx_bps / 6400)),
          'rx-bits-per-second': String(rx_bps),
          'tx-packets-per-second': String(Math.round(tx_bps / 6400)),
          'tx-bits-per-second': String(tx_bps),
        };
      }),
    };
  }

  /** A change of an interface is one of the row of its kind. */
  private pass(verb: string, args: Row): Reply | Promise<Reply> {
    const { '.id': id, numbers, ...rest } = args;
    const wanted = id ?? numbers ?? '';
    const row = this.rows().find((candidate) => candidate['.id'] === wanted || candidate['name'] === wanted);
    const menu = Object.keys(KINDS).find((candidate) => this.config.find(candidate, { name: row?.['name'] ?? '' }));
    if (menu === undefined) return { trap: 'no such item' };
    return this.config.run(`${menu}/${verb}`, { ...rest, numbers: row?.['name'] ?? '' });
  }
}
