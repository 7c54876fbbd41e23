/** Contrast of two colours written as `#rrggbb`, 1 to 21, as WCAG 2.2 defines it. */
export function contrastOfHex(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** The grounds of captive pages in the dark scheme (hotspot-templates/captive.css). */
export const DARK_GROUNDS = ['#0b1a1e', '#12262b', '#16303a'] as const;

/** A site's accent for the dark: mixed with so much white that words in it are read on each dark ground (WCAG 2.2, 1.4.3). */
export function lightOf(accent: string): string {
  for (let white = 0; white <= 100; white += 5) {
    const mixed = [1, 3, 5].map((at) => {
      const part = parseInt(accent.slice(at, at + 2), 16);
      return Math.round(part + ((255 - part) * white) / 100)
        .toString(16)
        .padStart(2, '0');
    });
    const hex = `#${mixed.join('')}`;
    if (DARK_GROUNDS.every((ground) => contrastOfHex(hex, ground) >= 4.5)) return hex;
  }
  throw new Error('White is not read on a dark ground.');
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => linear(parseInt(hex.slice(at, at + 2), 16) / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
