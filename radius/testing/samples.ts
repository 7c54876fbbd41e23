import { addText } from '../attributes';
import { Code, PacketBuilder } from '../packet';

/** A packet as a list of attribute texts in the order in which the NAS sends them. */
export interface Sample {
  code: (typeof Code)[keyof typeof Code];
  attributes: readonly (readonly [attribute: string, value: string])[];
}

/**
 * Packets as real NASes send them: what they carry and in which order, with the values made up. RouterOS as seen in
 * debug output of FreeRADIUS (hotspot) and documented by its vendor (PPPoE); the others as measured on the programs.
 */
export const SAMPLES = {
  mikrotikPppoeStart: {
    code: Code.AccountingRequest,
    attributes: [
      ['Acct-Status-Type', 'Start'],
      ...pppoeIdentity(),
      ['Acct-Delay-Time', '0'],
      ['Event-Timestamp', '1767225600'],
      ['NAS-Identifier', 'MikroTik'],
      ['NAS-IP-Address', '10.200.0.2'],
    ],
  },
  mikrotikPppoeInterim: {
    code: Code.AccountingRequest,
    attributes: [
      ['Acct-Status-Type', 'Interim-Update'],
      ...pppoeIdentity(),
      ['Acct-Session-Time', '300'],
      ['Acct-Input-Octets', '4294967295'],
      ['Acct-Input-Gigawords', '0'],
      ['Acct-Output-Octets', '1705032704'],
      ['Acct-Output-Gigawords', '1'],
      ['Acct-Input-Packets', '4100'],
      ['Acct-Output-Packets', '8200'],
      ['Acct-Delay-Time', '0'],
      ['Event-Timestamp', '1767225900'],
      ['NAS-Identifier', 'MikroTik'],
      ['NAS-IP-Address', '10.200.0.2'],
    ],
  },
  mikrotikHotspotStop: {
    code: Code.AccountingRequest,
    attributes: [
      ['Acct-Status-Type', 'Stop'],
      ['Acct-Terminate-Cause', 'User-Request'],
      ['NAS-Port-Type', 'Wireless-802.11'],
      ['Calling-Station-Id', '4E:1B:0A:33:C2:90'],
      ['Called-Station-Id', 'hotspot1'],
      ['NAS-Port-Id', 'bridge-hs'],
      ['User-Name', 'TEA-4471'],
      ['NAS-Port', '2148532244'],
      ['Acct-Session-Id', '80100014'],
      ['Framed-IP-Address', '10.5.88.23'],
      ['Mikrotik-Host-IP', '10.5.88.23'],
      ['Event-Timestamp', '1767226000'],
      ['Acct-Input-Octets', '1048576'],
      ['Acct-Output-Octets', '20971520'],
      ['Acct-Input-Gigawords', '0'],
      ['Acct-Output-Gigawords', '0'],
      ['Acct-Input-Packets', '900'],
      ['Acct-Output-Packets', '15000'],
      ['Acct-Session-Time', '1800'],
      ['Class', '0x6c616e676f3a3432'],
      ['NAS-Identifier', 'Kiosk'],
      ['Acct-Delay-Time', '0'],
      ['NAS-IP-Address', '10.200.0.3'],
    ],
  },
  ocservStop: {
    code: Code.AccountingRequest,
    attributes: [
      ['User-Name', 'amina'],
      ['NAS-IP-Address', '10.9.0.1'],
      ['NAS-Identifier', 'vpn'],
      ['Service-Type', 'Framed-User'],
      ['Framed-Protocol', 'PPP'],
      ['Framed-IP-Address', '10.9.0.14'],
      ['Calling-Station-Id', '198.51.100.7'],
      ['Acct-Session-Id', 'kD0x/9Zt1bYqQ4s='],
      ['Acct-Authentic', 'RADIUS'],
      ['Acct-Status-Type', 'Stop'],
      ['Acct-Session-Time', '61'],
      ['Acct-Input-Octets', '120000'],
      ['Acct-Input-Gigawords', '0'],
      ['Acct-Output-Octets', '880000'],
      ['Acct-Output-Gigawords', '0'],
      ['Acct-Terminate-Cause', 'User-Request'],
      ['NAS-Port', '3'],
      ['NAS-Port-Type', 'Async'],
    ],
  },
  chilliAccess: {
    code: Code.AccessRequest,
    attributes: [
      ['User-Name', 'guest'],
      ['CHAP-Challenge', '0x00112233445566778899aabbccddeeff'],
      ['CHAP-Password', '0x01a54ff53a5f1d36f1c2b7e0d3a4b5c6d7'],
      ['NAS-IP-Address', '10.1.0.1'],
      ['Service-Type', 'Login-User'],
      ['Framed-IP-Address', '10.1.0.5'],
      ['Calling-Station-Id', '02-11-22-33-44-55'],
      ['Called-Station-Id', '02-AA-BB-CC-DD-EE'],
      ['NAS-Identifier', 'nas01'],
      ['Acct-Session-Id', '173222160000000001'],
      ['NAS-Port-Type', 'Wireless-802.11'],
      ['NAS-Port', '1'],
      ['WISPr-Location-ID', 'isocc=,cc=,ac=,network=Chilli'],
      ['WISPr-Logoff-URL', 'http://10.1.0.1:3990/logoff'],
    ],
  },
} as const satisfies Record<string, Sample>;

/** A sample as a signed packet; an Access-Request gets a Message-Authenticator at its end. Throws for a text we do not know. */
export function encodeSample(sample: Sample, identifier: number, secret: Buffer): Buffer {
  const builder = PacketBuilder.request(sample.code, identifier);
  for (const [attribute, value] of sample.attributes) {
    if (!addText(builder, attribute, value))
      throw new RangeError(`no such attribute or value: ${attribute} = ${value}`);
  }
  if (sample.code === Code.AccessRequest) builder.addMessageAuthenticator();
  return builder.seal(secret);
}

function pppoeIdentity(): readonly (readonly [string, string])[] {
  return [
    ['Service-Type', 'Framed-User'],
    ['Framed-Protocol', 'PPP'],
    ['NAS-Port', '15728657'],
    ['NAS-Port-Type', 'Ethernet'],
    ['User-Name', 'achieng'],
    ['Calling-Station-Id', 'D4:CA:6D:11:22:33'],
    ['Called-Station-Id', 'isp'],
    ['NAS-Port-Id', 'ether2'],
    ['Acct-Session-Id', '81300077'],
    ['Framed-IP-Address', '10.20.1.44'],
    ['Acct-Authentic', 'RADIUS'],
    ['Class', '0x6c616e676f3a37'],
  ];
}
