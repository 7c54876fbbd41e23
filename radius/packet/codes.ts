/** RADIUS packet codes, named as in their RFCs (2865 section 4, 2866 section 4, 5176 section 2.3, 5997 section 2). */
export const Code = {
  AccessRequest: 1,
  AccessAccept: 2,
  AccessReject: 3,
  AccountingRequest: 4,
  AccountingResponse: 5,
  AccessChallenge: 11,
  StatusServer: 12,
  DisconnectRequest: 40,
  DisconnectAck: 41,
  DisconnectNak: 42,
  CoaRequest: 43,
  CoaAck: 44,
  CoaNak: 45,
} as const;
export type Code = (typeof Code)[keyof typeof Code];

const NAMES = new Map<number, string>([
  [1, 'Access-Request'],
  [2, 'Access-Accept'],
  [3, 'Access-Reject'],
  [4, 'Accounting-Request'],
  [5, 'Accounting-Response'],
  [11, 'Access-Challenge'],
  [12, 'Status-Server'],
  [40, 'Disconnect-Request'],
  [41, 'Disconnect-ACK'],
  [42, 'Disconnect-NAK'],
  [43, 'CoA-Request'],
  [44, 'CoA-ACK'],
  [45, 'CoA-NAK'],
]);

/** The RFC's name of a packet code, or `code N` for one we do not speak. */
export function codeName(code: number): string {
  return NAMES.get(code) ?? `code ${code}`;
}

/**
 * True for requests whose authenticator is random and therefore proves nothing: Access-Request (RFC 2865 section 3)
 * and Status-Server (RFC 5997 section 3). The other requests carry an MD5 over themselves.
 */
export function hasRandomAuthenticator(code: number): boolean {
  return code === Code.AccessRequest || code === Code.StatusServer;
}

/** True for the codes that open an exchange. */
export function isRequest(code: number): boolean {
  return (
    hasRandomAuthenticator(code) ||
    code === Code.AccountingRequest ||
    code === Code.DisconnectRequest ||
    code === Code.CoaRequest
  );
}
