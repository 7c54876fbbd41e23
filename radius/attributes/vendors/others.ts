import { definitionsOf } from '../definition';

export const WISPR = 14122;
export const ASCEND = 529;
export const ADSL_FORUM = 3561;

const wispr = definitionsOf(WISPR);
const ascend = definitionsOf(ASCEND);
const adsl = definitionsOf(ADSL_FORUM);

/** Vendors of whom we use a few attributes: WISPr (bandwidths in bit/s), Ascend, and the ADSL Forum (RFC 4679). */
export const OTHER_VENDOR_ATTRIBUTES = {
  'WISPr-Location-ID': wispr.string(1),
  'WISPr-Location-Name': wispr.string(2),
  'WISPr-Logoff-URL': wispr.string(3),
  'WISPr-Redirection-URL': wispr.string(4),
  'WISPr-Bandwidth-Min-Up': wispr.integer(5),
  'WISPr-Bandwidth-Min-Down': wispr.integer(6),
  'WISPr-Bandwidth-Max-Up': wispr.integer(7),
  'WISPr-Bandwidth-Max-Down': wispr.integer(8),
  'WISPr-Session-Terminate-Time': wispr.string(9),
  'WISPr-Session-Terminate-End-Of-Day': wispr.string(10),
  'WISPr-Billing-Class-Of-Service': wispr.string(11),
  'Ascend-Client-Gateway': ascend.ipaddr(132),
  'Ascend-Data-Rate': ascend.integer(197),
  'Ascend-Xmit-Rate': ascend.integer(255),
  'ADSL-Agent-Circuit-Id': adsl.octets(1),
  'ADSL-Agent-Remote-Id': adsl.octets(2),
};
