const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Octets of a packet as text that Postgres can store. Everyday names are printable ASCII and cost one pass. Otherwise control
 * characters (a NUL is an SQL error) are left out, and octets that are no UTF-8 are written as \xNN, so that two different
 * wrong names stay two names.
 */
export function cleanText(bytes: Buffer, start: number, end: number): string {
  for (let at = start; at < end; at++) {
    const octet = bytes[at]!;
    if (octet < 0x20 || octet > 0x7e) return cleanUnusual(bytes.subarray(start, end));
  }
  return bytes.toString('latin1', start, end);
}

function cleanUnusual(bytes: Buffer): string {
  try {
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    return strictUtf8.decode(bytes).replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
  } catch {
    let text = '';
    for (const octet of bytes) {
      if (octet >= 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
      else if (octet > 0x7f) text += `\\x${octet.toString(16)}`;
    }
    return text;
  }
}
