/** RFC 2865 section 3: code, identifier, length and authenticator come before the attributes. */
export const HEADER_LENGTH = 20;
/** RFC 2865 section 3: the longest packet. */
export const MAX_PACKET_LENGTH = 4096;
/** RFC 2865 section 5: the longest value of one attribute. */
export const MAX_VALUE_LENGTH = 253;
/** RFC 2865 section 5.26. */
export const VENDOR_SPECIFIC = 26;

/** Called for each attribute; `vendor` is 0 for a standard one, and the value is bytes[start] up to but not including bytes[end]. */
export type AttributeVisitor = (vendor: number, type: number, start: number, end: number) => void;

/**
 * A packet whose lengths have been checked, looked at in place. Attributes are found by walking the bytes, so that a
 * packet costs one object however many attributes it has. Made by decodePacket; the constructor trusts its argument.
 */
export class Packet {
  constructor(readonly bytes: Buffer) {}

  get code(): number {
    return this.bytes[0]!;
  }

  get identifier(): number {
    return this.bytes[1]!;
  }

  /** The 16 octets of the authenticator field, as a view. */
  get authenticator(): Buffer {
    return this.bytes.subarray(4, HEADER_LENGTH);
  }

  /** The value of the first such attribute as a view, or undefined. `vendor` is 0 for standard attributes. */
  first(vendor: number, type: number): Buffer | undefined {
    const span = this.find(vendor, type);
    return span === -1 ? undefined : this.bytes.subarray(span >> 8, (span >> 8) + (span & 0xff));
  }

  /** The values of all such attributes in packet order, as views. */
  all(vendor: number, type: number): Buffer[] {
    const found: Buffer[] = [];
    this.walk((v, t, start, end) => {
      if (v === vendor && t === type) found.push(this.bytes.subarray(start, end));
    });
    return found;
  }

  has(vendor: number, type: number): boolean {
    return this.find(vendor, type) !== -1;
  }

  /** Position and length of the first such attribute's value as `start << 8 | length`, or -1. Allocates nothing. */
  find(vendor: number, type: number): number {
    const bytes = this.bytes;
    for (let at = HEADER_LENGTH; at < bytes.length; at += bytes[at + 1]!) {
      if (vendor === 0) {
        if (bytes[at] === type && (type !== VENDOR_SPECIFIC || !isVendorSequence(bytes, at))) {
          return ((at + 2) << 8) | (bytes[at + 1]! - 2);
        }
      } else if (bytes[at] === VENDOR_SPECIFIC && isVendorSequence(bytes, at) && vendorOf(bytes, at) === vendor) {
        const end = at + bytes[at + 1]!;
        for (let sub = at + 6; sub < end; sub += bytes[sub + 1]!) {
          if (bytes[sub] === type) return ((sub + 2) << 8) | (bytes[sub + 1]! - 2);
        }
      }
    }
    return -1;
  }

  /**
   * Visits every attribute in order. A Vendor-Specific attribute is opened into its sub-attributes; one that does not
   * have the recommended shape of RFC 2865 section 5.26 is visited whole as vendor 0, type 26.
   */
  walk(visit: AttributeVisitor): void {
    const bytes = this.bytes;
    let end: number;
    for (let at = HEADER_LENGTH; at < bytes.length; at = end) {
      const type = bytes[at]!;
      end = at + bytes[at + 1]!;
      if (type !== VENDOR_SPECIFIC || !isVendorSequence(bytes, at)) {
        visit(0, type, at + 2, end);
        continue;
      }
      const vendor = vendorOf(bytes, at);
      for (let sub = at + 6; sub < end; sub += bytes[sub + 1]!)
        visit(vendor, bytes[sub]!, sub + 2, sub + bytes[sub + 1]!);
    }
  }
}

/** Unsigned 32 bits at `at`, without the bounds checks of readUInt32BE. */
function vendorOf(bytes: Buffer, attribute: number): number {
  const at = attribute + 2;
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Whether the Vendor-Specific attribute at `at` holds a vendor id other than 0 and a sequence of (type, length, value) that fits exactly. */
function isVendorSequence(bytes: Buffer, at: number): boolean {
  const end = at + bytes[at + 1]!;
  let sub = at + 6;
  if (sub + 2 > end || vendorOf(bytes, at) === 0) return false;
  while (sub < end) {
    const length = sub + 1 < end ? bytes[sub + 1]! : 0;
    if (length < 2) return false;
    sub += length;
  }
  return sub === end;
}
