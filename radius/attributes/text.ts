import type { Packet, PacketBuilder } from '../packet';
import { addBytes } from './access';
import type { Definition } from './definition';
import { type AttributeName, attributeName, definition, findName, knownName } from './table';
import { CODECS } from './value';

/** An attribute as people read it: the shape of `reply` in access/explain. */
export interface AttributeText {
  attribute: string;
  value: string;
}

/** What takes the place of passwords, answers to challenges and keys. */
export const HIDDEN = '(hidden)';

/** Every attribute of a packet in order, as text. Credentials are replaced by HIDDEN, so that the result may be logged. */
export function listAttributes(packet: Packet): AttributeText[] {
  const list: AttributeText[] = [];
  packet.walk((vendor, type, start, end) => {
    const value = renderValue(vendor, type, packet.bytes.subarray(start, end));
    list.push({ attribute: attributeName(vendor, type), value });
  });
  return list;
}

/** One value as text: names for enumerations, ISO 8601 for dates, 0x… for octets and whatever has the wrong length. */
export function renderValue(vendor: number, type: number, bytes: Buffer): string {
  const name = knownName(vendor, type);
  if (name === undefined) return hex(bytes);
  const d = definition(name);
  if (d.secret) return HIDDEN;
  if (d.type === 'octets') return hex(bytes);
  const value = CODECS[d.type].decode(bytes);
  if (value === undefined) return hex(bytes);
  if (value instanceof Date) return value.toISOString();
  return (typeof value === 'number' && enumName(d, value)) || String(value);
}

/**
 * Text to octets: what renderValue wrote, a plain number for an enumeration, `0x…` for octets (other text stands for
 * itself there). Undefined when the text is no value of that type.
 */
export function parseValue(name: AttributeName, text: string): Buffer | undefined {
  const d = definition(name);
  try {
    return encodeText(d, text);
  } catch (error) {
    // The codecs refuse what their type cannot hold.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function encodeText(d: Definition, text: string): Buffer | undefined {
  if (d.type === 'octets')
    return /^0x([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text);
  if (d.type === 'integer') return parseInteger(d, text);
  if (d.type === 'integer64') return /^\d+$/.test(text) ? CODECS.integer64.encode(BigInt(text)) : undefined;
  if (d.type === 'date') return CODECS.date.encode(/^\d+$/.test(text) ? new Date(Number(text) * 1000) : new Date(text));
  return CODECS[d.type].encode(text);
}

/** Appends an attribute from its name and text, as a test or a stored reply item writes it. False when either is not understood. */
export function addText(builder: PacketBuilder, attribute: string, value: string): boolean {
  const name = findName(attribute);
  const bytes = name === undefined ? undefined : parseValue(name, value);
  if (name === undefined || bytes === undefined) return false;
  addBytes(builder, name, bytes);
  return true;
}

/** The number that an enumeration gives a name, such as valueNumber('Acct-Terminate-Cause', 'Admin-Reset') = 6. Throws for an unknown name. */
export function valueNumber(name: AttributeName, value: string): number {
  const number = definition(name).values?.[value];
  if (number === undefined) throw new RangeError(`${name} has no value ${value}`);
  return number;
}

/** The name of an enumeration's number, or the number as text. */
export function valueName(name: AttributeName, number: number): string {
  return enumName(definition(name), number) ?? String(number);
}

function parseInteger(d: Definition, text: string): Buffer | undefined {
  const named = d.values?.[text];
  if (named === undefined && !/^\d+$/.test(text)) return undefined;
  return CODECS.integer.encode(named ?? Number(text));
}

function enumName(d: Definition, number: number): string | undefined {
  for (const name in d.values) if (d.values[name] === number) return name;
  return undefined;
}

function hex(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}
