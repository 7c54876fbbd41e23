import { randomFillSync } from 'node:crypto';
import { MESSAGE_AUTHENTICATOR, sealBytes } from './authenticators';
import { type Code, hasRandomAuthenticator } from './codes';
import { HEADER_LENGTH, MAX_PACKET_LENGTH, MAX_VALUE_LENGTH, type Packet, VENDOR_SPECIFIC } from './packet';
import { hidePassword } from './user-password';

const USER_PASSWORD = 2;
const PROXY_STATE = 33;

// Random authenticators are drawn from a pool: a system call per packet would cost more than the rest of it.
const pool = Buffer.alloc(4096);
let poolUsed = pool.length;

/**
 * Writes a packet attribute by attribute, in the order of the calls, and signs it with `seal`.
 * Throws RangeError when a value is longer than 253 octets or the packet longer than 4096: the caller must bound its input.
 */
export class PacketBuilder {
  private bytes = Buffer.allocUnsafe(256);
  private length = HEADER_LENGTH;

  private constructor(
    code: Code,
    identifier: number,
    /** For a reply: the authenticator of the request that it answers. */
    private readonly requestAuthenticator: Buffer | undefined,
  ) {
    this.bytes[0] = code;
    this.bytes[1] = identifier & 0xff;
    this.bytes.fill(0, 2, HEADER_LENGTH);
    if (requestAuthenticator === undefined && hasRandomAuthenticator(code)) drawRandom(this.bytes);
  }

  /** Starts a request. Access-Request and Status-Server get a random authenticator unless one is given (16 octets). */
  static request(code: Code, identifier: number, authenticator?: Buffer): PacketBuilder {
    const builder = new PacketBuilder(code, identifier, undefined);
    authenticator?.copy(builder.bytes, 4, 0, 16);
    return builder;
  }

  /** Starts a reply to `request`; every Proxy-State of the request is echoed in order first (RFC 2865 section 5.33). */
  static reply(request: Packet, code: Code): PacketBuilder {
    const builder = new PacketBuilder(code, request.identifier, request.authenticator);
    if (request.has(0, PROXY_STATE))
      for (const state of request.all(0, PROXY_STATE)) builder.add(0, PROXY_STATE, state);
    return builder;
  }

  /** The Request Authenticator: of this request, or of the request that this reply answers. A view, valid until the next add. */
  get authenticator(): Buffer {
    return this.requestAuthenticator ?? this.bytes.subarray(4, HEADER_LENGTH);
  }

  /** Appends an attribute; vendor 0 is standard, any other is wrapped in a Vendor-Specific of its own (RFC 2865 section 5.26). */
  add(vendor: number, type: number, value: Uint8Array): this {
    const overhead = vendor === 0 ? 2 : 8;
    const size = value.length + overhead;
    if (size > MAX_VALUE_LENGTH + 2) {
      throw new RangeError(
        `attribute ${vendor}/${type} has ${value.length} octets; at most ${MAX_VALUE_LENGTH + 2 - overhead} fit`,
      );
    }
    this.reserve(size);
    const bytes = this.bytes;
    let at = this.length;
    if (vendor !== 0) {
      bytes[at] = VENDOR_SPECIFIC;
      bytes[at + 1] = size;
      bytes.writeUInt32BE(vendor, at + 2);
      at += 6;
    }
    bytes[at] = type;
    bytes[at + 1] = value.length + 2;
    bytes.set(value, at + 2);
    this.length += size;
    return this;
  }

  /** Appends User-Password hidden with the secret (RFC 2865 section 5.2). At most 128 octets. */
  addUserPassword(password: Buffer, secret: Buffer): this {
    return this.add(0, USER_PASSWORD, hidePassword(password, secret, this.authenticator));
  }

  /** Appends the place of Message-Authenticator, which `seal` fills. Call it first (best) or last (as RouterOS does), and once. */
  addMessageAuthenticator(): this {
    return this.add(0, MESSAGE_AUTHENTICATOR, Buffer.alloc(16));
  }

  /** Finishes the packet: writes the length, signs it with the secret, and returns its octets (a copy; the builder may be sealed again). */
  seal(secret: Buffer): Buffer {
    this.bytes.writeUInt16BE(this.length, 2);
    const sealed = Buffer.from(this.bytes.subarray(0, this.length));
    sealBytes(sealed, secret, this.requestAuthenticator);
    return sealed;
  }

  private reserve(size: number): void {
    const needed = this.length + size;
    if (needed > MAX_PACKET_LENGTH)
      throw new RangeError(`packet would have ${needed} octets; at most ${MAX_PACKET_LENGTH} fit`);
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(MAX_PACKET_LENGTH, Math.max(needed, this.bytes.length * 2)));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

function drawRandom(packet: Buffer): void {
  if (poolUsed === pool.length) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  pool.copy(packet, 4, poolUsed, poolUsed + 16);
  poolUsed += 16;
}
