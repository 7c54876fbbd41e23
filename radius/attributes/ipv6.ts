import { definitionsOf } from './definition';

const { ifid, ipv6addr, ipv6prefix, string } = definitionsOf(0);

/** RADIUS and IPv6: RFC 3162, RFC 4818, RFC 6911. */
export const IPV6 = {
  'NAS-IPv6-Address': ipv6addr(95),
  'Framed-Interface-Id': ifid(96),
  'Framed-IPv6-Prefix': ipv6prefix(97),
  'Login-IPv6-Host': ipv6addr(98),
  'Framed-IPv6-Route': string(99),
  'Framed-IPv6-Pool': string(100),
  'Delegated-IPv6-Prefix': ipv6prefix(123),
  'Framed-IPv6-Address': ipv6addr(168),
  'DNS-Server-IPv6-Address': ipv6addr(169),
  'Route-IPv6-Information': ipv6prefix(170),
  'Delegated-IPv6-Prefix-Pool': string(171),
  'Stateful-IPv6-Address-Pool': string(172),
};
