/** RFC 6614 section 2.3: the secret on the TLS side, known to everybody, because TLS protects what it once did. */
export const RADSEC_SECRET = Buffer.from('radsec');
