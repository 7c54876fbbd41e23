import makeCode from 'qrcode-generator';

/**
 * A QR code as an SVG that keeps to the page's policy: no styles, no scripts, one path. Black on white in the dark too, or scanners fail; the
 * quiet zone of four modules is part of it.
 */
export function qrSvg(text: string): string {
  const code = makeCode(0, 'M');
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  let path = '';
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1)
      if (code.isDark(row, column)) path += `M${column + 4} ${row + 4}h1v1h-1z`;
  return `<svg class="qr" viewBox="0 0 ${size + 8} ${size + 8}" role="img" aria-hidden="true" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path d="${path}" fill="#000"/></svg>`;
}
