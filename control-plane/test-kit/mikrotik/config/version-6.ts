import type { Menus } from './schema';

/** Menus that version 7 brought. */
const ABSENT = [
  '/interface/wireguard',
  '/system/device-mode',
  '/routing/table',
  '/system/ntp/client/servers',
  '/system/ntp/key',
];

/** Arguments that 6.49 does not know, in every command of the menu. */
const LESS: Record<string, string> = {
  '/radius': 'require-message-auth',
  '/radius/incoming': 'vrf',
  '/ppp/aaa': 'enable-ipv6-accounting',
  '/system/ntp/client': 'servers mode vrf',
  '/ip/service': 'vrf max-sessions',
  '/ip/route': 'routing-table vrf-interface blackhole',
  '/ip/dns': 'vrf',
  '/ip/dhcp-server/option': 'force comment',
  '/tool': 'http-content-encoding http-auth-scheme idle-timeout http-max-redirect-count as-string',
  '/user': 'inactivity-timeout inactivity-policy',
  '/ip/hotspot/profile': 'install-hotspot-queue',
  '/interface/sstp-client': 'add-sni ciphers',
  '/ip/pool': 'comment',
};

/** Commands that 6.49 does not know. */
const WITHOUT = ['/file/add', '/file/read'];

/** What 6.49 has and 7.10 has not. */
const MORE: [path: string, args: string][] = [
  ['/system/ntp/client/set', 'primary-ntp secondary-ntp server-dns-names'],
  ['/ip/hotspot/profile/add', 'https-redirect'],
  ['/ip/hotspot/profile/set', 'https-redirect'],
  ['/ip/route/add', 'routing-mark type'],
  ['/ip/route/set', 'routing-mark type'],
];

/** The menus of 6.49: those of 7.10 without what came with version 7, and with what went. */
export function asVersion6(menus: Menus): Menus {
  for (const menu of menus.keys())
    if (ABSENT.some((absent) => menu === absent || menu.startsWith(`${absent}/`))) menus.delete(menu);
  for (const [menu, words] of Object.entries(LESS))
    for (const args of menus.get(menu)?.values() ?? []) for (const word of words.split(' ')) args.delete(word);
  const commandOf = (path: string): [string, string] => [
    path.slice(0, path.lastIndexOf('/')),
    path.slice(path.lastIndexOf('/') + 1),
  ];
  for (const path of WITHOUT) {
    const [menu, name] = commandOf(path);
    menus.get(menu)?.delete(name);
  }
  for (const [path, words] of MORE) {
    const [menu, name] = commandOf(path);
    for (const word of words.split(' ')) menus.get(menu)?.get(name)?.add(word);
  }
  return menus;
}
