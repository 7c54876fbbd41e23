import { HEADER_LENGTH, MAX_PACKET_LENGTH, Packet } from './packet';

/** Why some bytes are not a RADIUS packet. Each is a silent discard by RFC 2865 section 3. */
export type MalformedReason = 'too_short' | 'bad_length' | 'truncated' | 'bad_attribute';

export type DecodeResult = { kind: 'packet'; packet: Packet } | { kind: 'malformed'; reason: MalformedReason };

/**
 * Checks the lengths of a datagram and wraps it as a packet without copying; never throws. RFC 2865 section 3:
 * fewer octets than the Length field says, or a Length outside 20 to 4096, is discarded; octets beyond it are padding.
 * The packet keeps looking at `datagram`, so the caller must not write to it afterwards. Nothing is verified: see verifyRequest.
 */
export function decodePacket(datagram: Buffer): DecodeResult {
  if (datagram.length < HEADER_LENGTH) return malformed('too_short');
  const length = (datagram[2]! << 8) | datagram[3]!;
  if (length < HEADER_LENGTH || length > MAX_PACKET_LENGTH) return malformed('bad_length');
  if (length > datagram.length) return malformed('truncated');
  let at = HEADER_LENGTH;
  while (at < length) {
    // The read of the length octet may lie one past the packet; it is then refused by the second test.
    const attributeLength = at + 1 < length ? datagram[at + 1]! : 0;
    if (attributeLength < 2 || at + attributeLength > length) return malformed('bad_attribute');
    at += attributeLength;
  }
  return { kind: 'packet', packet: new Packet(length === datagram.length ? datagram : datagram.subarray(0, length)) };
}

function malformed(reason: MalformedReason): DecodeResult {
  return { kind: 'malformed', reason };
}
