import type { Packet, PacketBuilder } from '../packet';
import type { AttributeType, TypeMap } from './definition';
import { ATTRIBUTES, type AttributeName, definition, type ValueOf } from './table';
import { CODECS } from './value';

/** What `lookup` found: absence and a value of the wrong length are told apart. */
export type Lookup<V> = { kind: 'found'; value: V } | { kind: 'absent' } | { kind: 'malformed'; bytes: Buffer };

/** The first value of an attribute; undefined when it is absent or has the wrong length for its type. */
export function get<N extends AttributeName>(packet: Packet, name: N): ValueOf<N> | undefined {
  const bytes = getBytes(packet, name);
  return bytes === undefined ? undefined : decodeValue(name, bytes);
}

/** The first value of an attribute, telling an absent one from a malformed one. */
export function lookup<N extends AttributeName>(packet: Packet, name: N): Lookup<ValueOf<N>> {
  const bytes = getBytes(packet, name);
  if (bytes === undefined) return { kind: 'absent' };
  const value = decodeValue(name, bytes);
  return value === undefined ? { kind: 'malformed', bytes } : { kind: 'found', value };
}

/** All values of an attribute in packet order; those of the wrong length are left out. */
export function getAll<N extends AttributeName>(packet: Packet, name: N): ValueOf<N>[] {
  const { vendor, number } = ATTRIBUTES[name];
  return packet
    .all(vendor, number)
    .map((bytes) => decodeValue(name, bytes))
    .filter((value) => value !== undefined);
}

/** The octets of the first such attribute as a view, for names that may not be UTF-8. */
export function getBytes(packet: Packet, name: AttributeName): Buffer | undefined {
  const { vendor, number } = ATTRIBUTES[name];
  return packet.first(vendor, number);
}

/** Whether the packet has the attribute at all. */
export function has(packet: Packet, name: AttributeName): boolean {
  const { vendor, number } = ATTRIBUTES[name];
  return packet.has(vendor, number);
}

/** Appends an attribute. Throws RangeError for a value that the type or the attribute cannot hold. */
export function add<N extends AttributeName>(builder: PacketBuilder, name: N, value: ValueOf<N>): PacketBuilder {
  return addBytes(builder, name, encodeValue(name, value));
}

/** Appends an attribute with its octets as they are (also those that are no UTF-8, or wrong on purpose in a test). */
export function addBytes(builder: PacketBuilder, name: AttributeName, bytes: Uint8Array): PacketBuilder {
  const { vendor, number } = ATTRIBUTES[name];
  return builder.add(vendor, number, bytes);
}

/** Octets to value by the attribute's type; undefined when the length is wrong. */
export function decodeValue<N extends AttributeName>(name: N, bytes: Buffer): ValueOf<N> | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table pairs name and type, which a generic key hides
  return codec(definition(name).type).decode(bytes) as ValueOf<N> | undefined;
}

/** Value to octets by the attribute's type. Throws RangeError for a value that the type cannot hold. */
export function encodeValue<N extends AttributeName>(name: N, value: ValueOf<N>): Buffer {
  return codec(definition(name).type).encode(value);
}

/** The table says which type belongs to which name, which TypeScript cannot follow through a generic key. */
function codec(type: AttributeType): { decode(bytes: Buffer): unknown; encode(value: TypeMap[AttributeType]): Buffer } {
  return CODECS[type];
}
