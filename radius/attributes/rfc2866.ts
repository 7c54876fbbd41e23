import { definitionsOf } from './definition';

const { integer, string } = definitionsOf(0);

/** RADIUS Accounting. Acct-Input is what the NAS received from the client, which is upload. */
export const RFC2866 = {
  'Acct-Status-Type': integer(40, {
    Start: 1,
    Stop: 2,
    'Interim-Update': 3,
    'Accounting-On': 7,
    'Accounting-Off': 8,
    Failed: 15,
  }),
  'Acct-Delay-Time': integer(41),
  'Acct-Input-Octets': integer(42),
  'Acct-Output-Octets': integer(43),
  'Acct-Session-Id': string(44),
  'Acct-Authentic': integer(45, { RADIUS: 1, Local: 2, Remote: 3, Diameter: 4 }),
  'Acct-Session-Time': integer(46),
  'Acct-Input-Packets': integer(47),
  'Acct-Output-Packets': integer(48),
  'Acct-Terminate-Cause': integer(49, {
    'User-Request': 1,
    'Lost-Carrier': 2,
    'Lost-Service': 3,
    'Idle-Timeout': 4,
    'Session-Timeout': 5,
    'Admin-Reset': 6,
    'Admin-Reboot': 7,
    'Port-Error': 8,
    'NAS-Error': 9,
    'NAS-Request': 10,
    'NAS-Reboot': 11,
    'Port-Unneeded': 12,
    'Port-Preempted': 13,
    'Port-Suspended': 14,
    'Service-Unavailable': 15,
    Callback: 16,
    'User-Error': 17,
    'Host-Request': 18,
    'Supplicant-Restart': 19,
    'Reauthentication-Failure': 20,
    'Port-Reinit': 21,
    'Port-Disabled': 22,
  }),
  'Acct-Multi-Session-Id': string(50),
  'Acct-Link-Count': integer(51),
};
