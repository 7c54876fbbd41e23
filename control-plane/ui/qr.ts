import makeCode from 'qrcode-generator';

/** Light modules around the code: scanners want four (ISO/IEC 18004, 9.1). */
const QUIET = 4;

/**
 * A QR code as SVG text, black on white in any theme, with no inline style. The smallest size that holds the text, with the error correction M (15 %)
 * that a creased slip needs. Draw it with {{drawing svg}}; `label` is what a screen reader says.
 */
export function qrSvg(text: string, label: string): string {
  const { count, isDark } = qrModules(text);
  const size = count + 2 * QUIET;
  const runs: string[] = [];
  for (let row = 0; row < count; row++) {
    for (let at = 0; at < count; at++) {
      if (!isDark(row, at)) continue;
      const from = at;
      while (at + 1 < count && isDark(row, at + 1)) at++;
      runs.push(`M${from + QUIET} ${row + QUIET}h${at - from + 1}v1h-${at - from + 1}z`);
    }
  }
  const spoken = label.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${spoken}"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${runs.join('')}"/></svg>`;
}

/** The modules of a QR code, as qrSvg draws them: how many a side, and which are dark. Some 2 ms. */
export function qrModules(text: string): { count: number; isDark: (row: number, at: number) => boolean } {
  const code = makeCode(0, 'M');
  // Capitals and digits alone take little more than half of the room that bytes do.
  code.addData(text, /^[0-9A-Z $%*+\-./:]*$/.test(text) ? 'Alphanumeric' : 'Byte');
  code.make();
  return { count: code.getModuleCount(), isDark: (row, at) => code.isDark(row, at) };
}
