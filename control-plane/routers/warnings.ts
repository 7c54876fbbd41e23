/** What a router's page and the API warn of. The sentences are the English ones of the locale; a test holds the two together. */
const sentences = {
  signature_off:
    'Its requests need no signature: whoever can change packets on their way can let anybody in through it (BlastRADIUS). Set the policy to auto or require, or reach it through a tunnel.',
  never_signed:
    'It has never signed a request, so forged ones cannot be told from its own. Upgrade RouterOS to 7.15 or newer, or reach it through a tunnel.',
  shared_orders:
    'Another router takes orders at the same address and port: only one of them can hear. Give each a CoA port of its own that the address passes on.',
} as const;

export type WarningCode = keyof typeof sentences;
export const warningCodes = Object.keys(sentences) as [WarningCode, ...WarningCode[]];

/** What is known of a router as far as warnings go. */
export interface Warned {
  message_authenticator: string;
  /** Through TLS, which signs for it. */
  byCertificate: boolean;
  heard: boolean;
  signed: boolean;
  ordersShared: boolean;
}

export function warningsOf(router: Warned): { code: WarningCode; sentence: string }[] {
  const { message_authenticator: policy, byCertificate, heard, signed, ordersShared } = router;
  const codes: WarningCode[] = [];
  if (policy === 'off' && !byCertificate) codes.push('signature_off');
  if (policy === 'auto' && !byCertificate && heard && !signed) codes.push('never_signed');
  if (ordersShared) codes.push('shared_orders');
  return codes.map((code) => ({ code, sentence: sentences[code] }));
}
