/**
 * RADIUS bytes and hashes, named by RFC section; knows no attribute names, no sockets, no storage.
 *
 *   const decoded = decodePacket(datagram);                 // never throws: {kind:'packet', packet} | {kind:'malformed', reason}
 *   if (decoded.kind === 'malformed') return;               // silent discard
 *   const { packet } = decoded;                             // looks at the datagram in place: do not write to it
 *   verifyRequest(packet, secret)                           // 'valid' | 'bad_authenticator' | 'bad_message_authenticator' | …
 *   packet.first(0, 1); packet.all(14988, 19); packet.has(0, 25)      // values as views (vendor 0 = standard)
 *   packet.walk((vendor, type, start, end) => …)            // one pass, no objects: the hot path
 *   encodeAccountingResponse(packet, secret)                // fast acknowledgement, echoes Proxy-State
 *
 *   const request = PacketBuilder.request(Code.AccessRequest, id)     // random authenticator where the RFC wants one
 *     .add(0, 1, Buffer.from('bob')).addUserPassword(password, secret).addMessageAuthenticator().seal(secret);
 *   const reply = PacketBuilder.reply(packet, Code.CoaAck).seal(secret);   // Proxy-State echoed by itself
 *   verifyReply(replyPacket, requestPacket, secret, { messageAuthenticator: 'require' })
 *
 * Secrets are Buffers: convert once, not per packet. Named attributes: radius/attributes. MS-CHAP and MPPE, which only
 * a NAS has to compute, stand here too because they are bytes and hashes.
 */
export { encodeAccountingResponse } from './acknowledge';
export { MESSAGE_AUTHENTICATOR, sealBytes, verifyReply, verifyRequest } from './authenticators';
export type { Verdict, VerifyOptions } from './authenticators';
export { PacketBuilder } from './builder';
export { chapPassword, verifyChapPassword } from './chap';
export { Code, codeName, hasRandomAuthenticator, isRequest } from './codes';
export { decodePacket } from './decode';
export type { DecodeResult, MalformedReason } from './decode';
export { mppeMasterKey, mppeServerKeys, openMppeKey } from './mschap/mppe';
export {
  authenticatorResponse,
  challengeHash,
  challengeResponder,
  challengeResponse,
  msChap2Response,
  msChapResponse,
  ntPasswordHash,
  ntResponse,
} from './mschap/mschap';
export { HEADER_LENGTH, MAX_PACKET_LENGTH, MAX_VALUE_LENGTH, Packet, VENDOR_SPECIFIC } from './packet';
export type { AttributeVisitor } from './packet';
export { hidePassword, MAX_PASSWORD_LENGTH, revealPassword } from './user-password';
