import { add, get } from '../../../radius/attributes';
import {
  authenticatorResponse,
  chapPassword,
  msChap2Response,
  msChapResponse,
  mppeMasterKey,
  mppeServerKeys,
  openMppeKey,
  type Packet,
  type PacketBuilder,
} from '../../../radius/packet';
import type { PppoeAuthentication } from './options';
import type { Random } from './random';

/** The password side of one login: how it goes into the request, and what the accept must prove. */
export interface Credentials {
  addTo(builder: PacketBuilder, secret: Buffer): void;
  /** What the client finds wrong with an Access-Accept; undefined if nothing. */
  objection(
    accept: Packet,
    request: Packet,
    secret: Buffer,
  ): 'no_mschap2_success' | 'wrong_mschap2_success' | 'wrong_mppe_key' | undefined;
}

/** Makes the credentials of one login; challenges are drawn once, so that a request to a second server repeats them. */
export function makeCredentials(
  kind: PppoeAuthentication,
  username: Buffer,
  password: string,
  random: Random,
): Credentials {
  return MAKERS[kind](password, username.toString(), random);
}

/** Of a challenge that was answered elsewhere: in the browser of a hotspot's guest. `response` is the value of CHAP-Password, its first octet the identifier. */
export function chapCredentials({ challenge, response }: { challenge: Buffer; response: Buffer }): Credentials {
  return oneWay((b) => {
    add(b, 'CHAP-Challenge', challenge);
    add(b, 'CHAP-Password', response);
  });
}

type Maker = (password: string, username: string, random: Random) => Credentials;

const MAKERS: Record<PppoeAuthentication, Maker> = {
  pap: (password) => oneWay((b, secret) => b.addUserPassword(Buffer.from(password), secret)),
  chap(password, _username, random) {
    const challenge = draw(16, random);
    const response = chapPassword(drawOctet(random), Buffer.from(password), challenge);
    return oneWay((b) => {
      add(b, 'CHAP-Challenge', challenge);
      add(b, 'CHAP-Password', response);
    });
  },
  mschap1(password, _username, random) {
    const challenge = draw(8, random);
    const response = msChapResponse(drawOctet(random), challenge, password);
    return oneWay((b) => {
      add(b, 'MS-CHAP-Challenge', challenge);
      add(b, 'MS-CHAP-Response', response);
    });
  },
  mschap2: msChap2Credentials,
};

/** Credentials by which only the client proves itself. */
function oneWay(addTo: Credentials['addTo']): Credentials {
  return { addTo, objection: () => undefined };
}

function msChap2Credentials(password: string, username: string, random: Random): Credentials {
  const challenge = draw(16, random);
  const peerChallenge = draw(16, random);
  const response = msChap2Response(drawOctet(random), challenge, peerChallenge, username, password);
  const ntResponse = response.subarray(26);
  const expected = authenticatorResponse(password, ntResponse, challenge, peerChallenge, username);
  const keys = mppeServerKeys(mppeMasterKey(password, ntResponse));
  return {
    addTo(b) {
      add(b, 'MS-CHAP-Challenge', challenge);
      add(b, 'MS-CHAP2-Response', response);
    },
    objection(accept, request, secret) {
      const success = get(accept, 'MS-CHAP2-Success');
      if (success === undefined) return 'no_mschap2_success';
      // RFC 2548 section 2.3.3: one identifier octet, then "S=" and 40 hex digits, perhaps followed by a message.
      if (!success.subarray(1).toString('latin1').startsWith(expected)) return 'wrong_mschap2_success';
      const send = get(accept, 'MS-MPPE-Send-Key');
      if (send === undefined) return undefined;
      return openMppeKey(send, secret, request.authenticator)?.equals(keys.send) ? undefined : 'wrong_mppe_key';
    },
  };
}

function draw(octets: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: octets }, () => drawOctet(random)));
}

function drawOctet(random: Random): number {
  return Math.floor(random() * 256);
}
