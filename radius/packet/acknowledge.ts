import { sealBytes } from './authenticators';
import { PacketBuilder } from './builder';
import { Code } from './codes';
import { HEADER_LENGTH, type Packet } from './packet';

const PROXY_STATE = 33;

/**
 * The Accounting-Response to a request (RFC 2866 section 4.2), signed and with its Proxy-State echoed. The hot path of
 * the listener: a plain acknowledgement is 20 octets and one MD5.
 */
export function encodeAccountingResponse(request: Packet, secret: Buffer): Buffer {
  if (request.has(0, PROXY_STATE)) return PacketBuilder.reply(request, Code.AccountingResponse).seal(secret);
  const reply = Buffer.allocUnsafe(HEADER_LENGTH);
  reply[0] = Code.AccountingResponse;
  reply[1] = request.identifier;
  reply[2] = 0;
  reply[3] = HEADER_LENGTH;
  sealBytes(reply, secret, request.authenticator);
  return reply;
}
