import { definitionsOf } from './definition';

const { date, integer, octets, string } = definitionsOf(0);

/** RADIUS Extensions, with Chargeable-User-Identity (RFC 4372) and NAS-Filter-Rule (RFC 4849). */
export const RFC2869 = {
  'Acct-Input-Gigawords': integer(52),
  'Acct-Output-Gigawords': integer(53),
  'Event-Timestamp': date(55),
  'Connect-Info': string(77),
  'EAP-Message': octets(79),
  'Message-Authenticator': octets(80),
  'Acct-Interim-Interval': integer(85),
  'NAS-Port-Id': string(87),
  'Framed-Pool': string(88),
  'Chargeable-User-Identity': octets(89),
  'NAS-Filter-Rule': string(92),
};
