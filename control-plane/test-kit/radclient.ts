import { execFile } from 'node:child_process';

export interface RadclientAnswer {
  code: 'Access-Accept' | 'Access-Reject' | 'none';
  message: string | undefined;
  /** What the answer carries, in its order, decoded by FreeRADIUS' own dictionaries: `Tunnel-Type:0 = VLAN`. */
  reply: string[];
  output: string;
}

/** One login by Debian's radclient with these attribute lines, from that address to FreeRADIUS on this port of 127.0.0.1. */
export function radclient(
  port: number,
  from: { address: string; secret: string },
  attributes: Record<string, string>,
): Promise<RadclientAnswer> {
  const lines = Object.entries({ 'Packet-Src-IP-Address': from.address, ...attributes });
  const input = lines.map(([name, value]) => `${name} = ${value}`).join('\n');
  return new Promise((resolve) => {
    const child = execFile(
      'radclient',
      ['-x', '-r', '2', '-t', '2', `127.0.0.1:${port}`, 'auth', from.secret],
      { encoding: 'utf8' },
      (_error, stdout, stderr) => {
        const [, code, rest = ''] = /Received (Access-Accept|Access-Reject)(.*)/s.exec(stdout) ?? [];
        resolve({
          code: (code as RadclientAnswer['code'] | undefined) ?? 'none',
          message: /Reply-Message = "([^"]*)"/.exec(stdout)?.[1],
          reply: [...rest.matchAll(/^\t(.+ = .*)$/gm)].map(([, line]) => line ?? ''),
          output: stdout + stderr,
        });
      },
    );
    child.stdin?.end(`${input}\nMessage-Authenticator = 0x00\n`);
  });
}
