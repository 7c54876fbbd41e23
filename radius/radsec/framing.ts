import { HEADER_LENGTH, MAX_PACKET_LENGTH } from '../packet';

/** What stands next in the stream. `broken`: the length is impossible, and with it where the next packet begins. */
export type Frame = { kind: 'packet'; bytes: Buffer } | { kind: 'partial' } | { kind: 'broken' };

/**
 * Cuts a stream into packets (RFC 6613 section 2.6.4): each says its own length in octets 2 and 3. Bytes may come one by one or many packets at once.
 * Holds what was given and not yet taken; the caller stops giving when it cannot take.
 */
export class Framing {
  private held: Buffer = Buffer.alloc(0);

  /** Octets that were given and not taken. */
  get length(): number {
    return this.held.length;
  }

  give(chunk: Buffer): void {
    this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
  }

  /** Takes the next packet, a copy of its own octets. After `broken` the stream is of no more use. */
  take(): Frame {
    if (this.held.length < 4) return { kind: 'partial' };
    const length = this.held.readUInt16BE(2);
    if (length < HEADER_LENGTH || length > MAX_PACKET_LENGTH) return { kind: 'broken' };
    if (this.held.length < length) return { kind: 'partial' };
    const bytes = Buffer.from(this.held.subarray(0, length));
    this.held = this.held.subarray(length);
    return { kind: 'packet', bytes };
  }
}
