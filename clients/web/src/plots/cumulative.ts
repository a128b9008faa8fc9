/** Cumulative distribution functions: the probability of a draw that is at most x. */

/** Returns the function of the normal distribution, to about 1e-7. */
export function normalCumulative(mu: number, sigma: number): (x: number) => number {
  return (x) => {
    if (sigma <= 0) return x < mu ? 0 : 1;
    const z = (x - mu) / sigma / Math.SQRT2;
    return (1 + errorFunction(z)) / 2;
  };
}

/** Returns the error function, by the Chebyshev fit of Numerical Recipes (error below 1.2e-7). */
function errorFunction(x: number): number {
  const size = Math.abs(x);
  const t = 1 / (1 + size / 2);
  const fit = [
    ...[-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398],
    ...[1.48851587, -0.82215223, 0.17087277],
  ];
  const exponent = fit.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  const complement = t * Math.exp(-size * size + exponent);
  return x >= 0 ? 1 - complement : complement - 1;
}

/** Returns the function of the beta distribution. */
export function betaCumulative(a: number, b: number): (x: number) => number {
  const scale = logGamma(a + b) - logGamma(a) - logGamma(b);
  return (x) => {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const front = Math.exp(scale + a * Math.log(x) + b * Math.log1p(-x));
    // The continued fraction converges fast on this side of the mean only.
    return x < (a + 1) / (a + b + 2)
      ? (front * fraction(x, a, b)) / a
      : 1 - (front * fraction(1 - x, b, a)) / b;
  };
}

const TINY = 1e-300;
const MOST_TERMS = 500;

/** Returns the continued fraction of the incomplete beta function, by Lentz's method. */
function fraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= MOST_TERMS; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < 1e-12) break;
  }
  return result;
}

function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

const LANCZOS = [
  ...[676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059],
  ...[12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7],
];

/** Returns the logarithm of the gamma function of a positive number, by Lanczos. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  const sum = LANCZOS.reduce(
    (total, coefficient, index) => total + coefficient / (shifted + index + 1),
    0.99999999999980993,
  );
  const t = shifted + LANCZOS.length - 0.5;
  return Math.log(2 * Math.PI) / 2 + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}
