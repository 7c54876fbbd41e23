/** Where a server that listens on `bind` is reached from this host. */
export function loopbackFor(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  return bind === '::' ? '::1' : bind;
}
