/**
 * Names and types of the attributes we use, over radius/packet. Names are FreeRADIUS' own and checked by the compiler:
 *
 *   get(packet, 'User-Name')                        // string | undefined; get(packet, 'Class') is a Buffer, 'NAS-Port' a number
 *   lookup(packet, 'Session-Timeout')               // {kind:'found', value} | {kind:'absent'} | {kind:'malformed', bytes}
 *   getAll(packet, 'Mikrotik-Address-List')         // string[]
 *   getBytes(packet, 'User-Name')                   // the octets, when the name may not be UTF-8
 *   add(builder, 'Framed-IP-Address', '10.0.0.7'); add(builder, 'Event-Timestamp', new Date())
 *   addText(builder, 'Acct-Status-Type', 'Stop')    // by text; false if not understood
 *   listAttributes(packet)                          // [{attribute, value}] for people and logs, credentials hidden
 *   valueNumber('Acct-Terminate-Cause', 'Admin-Reset'), valueName('Error-Cause', 503)
 *   ATTRIBUTES['User-Name'].number                  // the numbers, for a hot walk
 *
 * integer is an unsigned number, integer64 a bigint, date a Date in whole seconds, addresses and prefixes text
 * (`10.0.0.1`, `2001:db8::1`, `2001:db8::/56`), octets a Buffer that looks into the packet.
 */
export { add, addBytes, decodeValue, encodeValue, get, getAll, getBytes, has, lookup } from './access';
export type { Lookup } from './access';
export { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './address';
export type { AttributeType, Definition, TypeMap } from './definition';
export { ATTRIBUTE_NAMES, ATTRIBUTES, attributeName, definition, findName, knownName } from './table';
export type { AttributeName, ValueOf } from './table';
export { addText, HIDDEN, listAttributes, parseValue, renderValue, valueName, valueNumber } from './text';
export type { AttributeText } from './text';
export { MICROSOFT } from './vendors/microsoft';
export { MIKROTIK } from './vendors/mikrotik';
export { ADSL_FORUM, ASCEND, WISPR } from './vendors/others';
