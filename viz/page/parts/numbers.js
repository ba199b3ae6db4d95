"use strict";
// Numbers as the page shows them: the same text as chainrule.engine.words.number gives in Python.

/** Return `x` with four decimals at most, in scientific form where it is very small or large. */
function shownNumber(x) {
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "−inf";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e-3 && size < 1e5) return realMinus(withoutZeros(fixed(x)));
  const [mantissa, exponent] = scientific(x).split("e");
  return realMinus(`${withoutZeros(mantissa)}e${Number(exponent)}`);
}

/** Return `x` with every digit it takes to get the same number back. */
function exactNumber(x) {
  return Number.isFinite(x) ? realMinus(String(x)) : shownNumber(x);
}

/** Return `x` with four decimals; halfway between two, the even one, as Python has it. */
function fixed(x) {
  // Only odd multiples of 1/32 lie exactly halfway.
  if (Math.abs(x * 32) % 2 !== 1) return x.toFixed(4);
  const below = Math.floor(Math.abs(x) * 1e4);
  return ((Math.sign(x) * (below + (below % 2))) / 1e4).toFixed(4);
}

/** Return `x` in scientific form with four decimals; halfway between two, the even one. */
function scientific(x) {
  const halfway = /^(-?)(\d)\.(\d{4})50*e(.*)$/.exec(x.toExponential(40));
  if (halfway === null) return x.toExponential(4);
  const [, sign, first, rest, exponent] = halfway;
  const below = Number(first + rest);
  return Number(`${sign}${below + (below % 2)}e${Number(exponent) - 4}`).toExponential(4);
}

function withoutZeros(digits) {
  return digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
}

function realMinus(digits) {
  return digits.replaceAll("-", "−").replace("e+", "e");
}

/** Return the float that Python sent: JSON has no NaN and no infinity, so these come as texts. */
function received(x) {
  if (typeof x === "number") return x;
  return { inf: Infinity, "-inf": -Infinity }[x] ?? NaN;
}
