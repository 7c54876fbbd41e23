/** The pay page's address and the host that routers must let through to it. */
export interface PayAddress {
  url: string;
  host: string;
  port: number;
}

/** Where customers of a company pay, by the installation's public address. */
export function payAddress(publicUrl: string, slug: string): PayAddress {
  const base = new URL(publicUrl);
  const port = base.port === '' ? (base.protocol === 'https:' ? 443 : 80) : Number(base.port);
  return { url: `${base.origin}/garden/${slug}`, host: base.hostname.replace(/^\[|\]$/g, ''), port };
}

const MINE = 'comment="lango garden"';

/**
 * The rules with which a router lets the address list `expired` (aaa_authorize puts it there) reach names and the pay page alone, and leads plain HTTP to the
 * web server in front of us. Words that RouterOS 6.49 and 7 both know. Pasted again they replace themselves. Where they stand among other rules is
 * the operator's to say: what RouterOS itself puts at the top cannot be stepped over by number.
 */
export function routerRecipe({ host, port }: PayAddress): string {
  const ports = [...new Set([80, port])].join(',');
  const filter = (rest: string): string => `add chain=forward src-address-list=expired ${rest} ${MINE}`;
  return [
    '/ip firewall address-list',
    `remove [find ${MINE}]`,
    `add list=lango-pay address=${host} ${MINE}`,
    '/ip firewall nat',
    `remove [find ${MINE}]`,
    `add chain=dstnat src-address-list=expired dst-address-list=!lango-pay protocol=tcp dst-port=80 action=dst-nat to-addresses=[:resolve "${host}"] to-ports=80 ${MINE}`,
    '/ip firewall filter',
    `remove [find ${MINE}]`,
    filter('protocol=udp dst-port=53 action=accept'),
    filter('protocol=tcp dst-port=53 action=accept'),
    filter(`protocol=tcp dst-address-list=lango-pay dst-port=${ports} action=accept`),
    filter('protocol=tcp action=reject reject-with=tcp-reset'),
    filter('action=reject reject-with=icmp-admin-prohibited'),
  ].join('\n');
}

/** What the web server in front of us says to a request that was led to it from anywhere, in the words of Caddy. */
export function catchAll({ url }: PayAddress): string {
  return `http:// {\n\tredir ${url} 302\n}`;
}
