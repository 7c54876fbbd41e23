import { definitionsOf } from '../definition';

/** MikroTik's enterprise number. */
export const MIKROTIK = 14988;

const { integer, ipaddr, secretString, string } = definitionsOf(MIKROTIK);

/** Recv is upload and Xmit download: the router's viewpoint. The Gigawords are the upper 32 bits of the limit of the same name. */
export const MIKROTIK_ATTRIBUTES = {
  'Mikrotik-Recv-Limit': integer(1),
  'Mikrotik-Xmit-Limit': integer(2),
  'Mikrotik-Group': string(3),
  'Mikrotik-Wireless-Forward': integer(4),
  'Mikrotik-Wireless-Skip-Dot1x': integer(5),
  'Mikrotik-Wireless-Enc-Algo': integer(6, {
    'No-encryption': 0,
    '40-bit-WEP': 1,
    '104-bit-WEP': 2,
    'AES-CCM': 3,
    TKIP: 4,
  }),
  'Mikrotik-Wireless-Enc-Key': secretString(7),
  'Mikrotik-Rate-Limit': string(8),
  'Mikrotik-Realm': string(9),
  'Mikrotik-Host-IP': ipaddr(10),
  'Mikrotik-Mark-Id': string(11),
  'Mikrotik-Advertise-URL': string(12),
  'Mikrotik-Advertise-Interval': integer(13),
  'Mikrotik-Recv-Limit-Gigawords': integer(14),
  'Mikrotik-Xmit-Limit-Gigawords': integer(15),
  'Mikrotik-Wireless-PSK': secretString(16),
  'Mikrotik-Total-Limit': integer(17),
  'Mikrotik-Total-Limit-Gigawords': integer(18),
  'Mikrotik-Address-List': string(19),
  'Mikrotik-Wireless-MPKey': secretString(20),
  'Mikrotik-Wireless-Comment': string(21),
  'Mikrotik-Delegated-IPv6-Pool': string(22),
  'Mikrotik-DHCP-Option-Set': string(23),
  'Mikrotik-DHCP-Option-Param-STR1': string(24),
  'Mikrotik-DHCP-Option-Param-STR2': string(25),
  'Mikrotik-Wireless-VLANID': integer(26),
  'Mikrotik-Wireless-VLANID-Type': integer(27),
  'Mikrotik-Wireless-Minsignal': string(28),
  'Mikrotik-Wireless-Maxsignal': string(29),
  'Mikrotik-Switching-Filter': string(30),
};
