/**
 * Contrast of two OKLCH colours as WCAG 2.2 defines it (relative luminance of the sRGB colour a screen shows).
 * Used by the test that holds css/tokens.css to the promises of the look.
 */
export interface Oklch {
  l: number;
  c: number;
  h: number;
}

/** Both values of every colour role in a stylesheet written as `--name: light-dark(oklch(…), oklch(…))`. */
export function readRoles(css: string): Map<string, { light: Oklch; dark: Oklch }> {
  const roles = new Map<string, { light: Oklch; dark: Oklch }>();
  const number = '([\\d.]+)';
  const one = `oklch\\(${number} ${number} ${number}\\)`;
  const zero = (text: string | undefined) => Number(text ?? NaN);
  for (const m of css.matchAll(new RegExp(`--([a-z0-9-]+): light-dark\\(${one}, ${one}\\)`, 'g'))) {
    const light = { l: zero(m[2]), c: zero(m[3]), h: zero(m[4]) };
    roles.set(m[1] ?? '', { light, dark: { l: zero(m[5]), c: zero(m[6]), h: zero(m[7]) } });
  }
  return roles;
}

/** 1 to 21. Colours outside sRGB are clipped, as browsers do. */
export function contrast(a: Oklch, b: Oklch): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance({ l, c, h }: Oklch): number {
  const angle = (h * Math.PI) / 180;
  const a = c * Math.cos(angle);
  const b = c * Math.sin(angle);
  // Björn Ottosson's OKLab to linear sRGB.
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short;
  const green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short;
  const blue = -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short;
  const shown = (linear: number) => toLinear(Math.round(toGamma(Math.min(1, Math.max(0, linear))) * 255) / 255);
  return 0.2126 * shown(red) + 0.7152 * shown(green) + 0.0722 * shown(blue);
}

function toGamma(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}

function toLinear(gamma: number): number {
  return gamma <= 0.04045 ? gamma / 12.92 : ((gamma + 0.055) / 1.055) ** 2.4;
}
