import { isAtLeast } from './detect';

/** A router as FreeRADIUS must know it: a row of aaa_nas_table(). */
export interface NasClient {
  address: string;
  secret: string;
  message_authenticator: string;
}

/**
 * One router's definition. Routers that must sign are refused here already when they do not; for `auto` aaa_authorize decides, because
 * FreeRADIUS before 3.2.5 knows neither `auto` nor limit_proxy_state.
 * @throws when the secret cannot be written down
 */
export function clientFile(nas: NasClient, version: string): string {
  const lines = [
    `${nas.address.includes(':') ? 'ipv6addr' : 'ipaddr'} = ${nas.address}`,
    `secret = "${quoted(nas.secret)}"`,
    `shortname = "${nas.address}"`,
    `require_message_authenticator = ${required(nas.message_authenticator, version)}`,
  ];
  if (isAtLeast(version, '3.2.5'))
    lines.push(`limit_proxy_state = ${nas.message_authenticator === 'off' ? 'no' : 'auto'}`);
  return `client ${nas.address.replaceAll(':', '-')} {\n${lines.map((line) => `\t${line}\n`).join('')}}\n`;
}

function required(policy: string, version: string): string {
  if (policy === 'require') return 'yes';
  return policy === 'auto' && isAtLeast(version, '3.2.5') ? 'auto' : 'no';
}

/** As it must stand between double quotes in a FreeRADIUS file, where $ begins a variable. */
function quoted(secret: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(secret))
    throw new Error('A shared secret with control characters cannot be given to FreeRADIUS: choose another.');
  return secret.replace(/[\\"]/g, '\\$&').replace(/\$/g, '\\$');
}
