import type { Definition, TypeMap } from './definition';
import { IPV6 } from './ipv6';
import { RFC2865 } from './rfc2865';
import { RFC2866 } from './rfc2866';
import { RFC2869 } from './rfc2869';
import { RFC5176 } from './rfc5176';
import { MICROSOFT_ATTRIBUTES } from './vendors/microsoft';
import { MIKROTIK_ATTRIBUTES } from './vendors/mikrotik';
import { OTHER_VENDOR_ATTRIBUTES } from './vendors/others';

/** Every attribute we know, by the name that FreeRADIUS' dictionaries give it (a test holds us to them). */
export const ATTRIBUTES = {
  ...RFC2865,
  ...RFC2866,
  ...RFC2869,
  ...RFC5176,
  ...IPV6,
  ...MICROSOFT_ATTRIBUTES,
  ...MIKROTIK_ATTRIBUTES,
  ...OTHER_VENDOR_ATTRIBUTES,
};

export type AttributeName = keyof typeof ATTRIBUTES;

/** What the value of an attribute is in TypeScript. */
export type ValueOf<N extends AttributeName> = TypeMap[(typeof ATTRIBUTES)[N]['type']];

/** The names of the table in its order. */
export const ATTRIBUTE_NAMES = Object.keys(ATTRIBUTES).filter((name): name is AttributeName => name in ATTRIBUTES);

const BY_NUMBER = new Map(
  ATTRIBUTE_NAMES.map((name) => [ATTRIBUTES[name].vendor * 256 + ATTRIBUTES[name].number, name]),
);
const BY_LOWER_CASE = new Map(ATTRIBUTE_NAMES.map((name) => [name.toLowerCase(), name]));

/** The name of an attribute that we know, or undefined. Vendor 0 is the standard space. */
export function knownName(vendor: number, number: number): AttributeName | undefined {
  return BY_NUMBER.get(vendor * 256 + number);
}

/** The name of any attribute; one we do not know gets FreeRADIUS' form, `Attr-200` or `Attr-26.14988.99`. */
export function attributeName(vendor: number, number: number): string {
  return knownName(vendor, number) ?? (vendor === 0 ? `Attr-${number}` : `Attr-26.${vendor}.${number}`);
}

/** Finds a name as people type it, in any case; undefined if we do not know it. */
export function findName(text: string): AttributeName | undefined {
  return BY_LOWER_CASE.get(text.toLowerCase());
}

/** The definition of a known attribute. */
export function definition(name: AttributeName): Definition {
  return ATTRIBUTES[name];
}
