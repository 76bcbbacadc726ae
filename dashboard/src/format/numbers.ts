import { LOCALE } from "./locale";

/** Numbers for people: units by magnitude, no more digits than one reads at a glance. */

const percentFormat = new Intl.NumberFormat(LOCALE, {
  style: "percent",
  maximumFractionDigits: 1,
});
const countFormat = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const compactFormat = new Intl.NumberFormat(LOCALE, {
  notation: "compact",
  maximumSignificantDigits: 3,
});

const COMPACT_FROM = 100_000;
const SECOND_MS = 1000;
/** From here on a value would be rounded to a thousand of its unit, or to sixty. */
const NEARLY_SECOND_MS = 999.5;
const NEARLY_MINUTE_MS = 59_950;
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** A ratio 0..1 as percent. */
export function percent(ratio: number): string {
  return percentFormat.format(ratio);
}

/** A gain of a ratio, in percentage points: "percent" could mean a share of the score. */
export function points(gain: number): string {
  return `${digits(gain * 100)} points`;
}

export function count(value: number): string {
  return Math.abs(value) < COMPACT_FROM ? countFormat.format(value) : compactFormat.format(value);
}

/** The whole number, for where `count` shortened it. */
export function exact(value: number): string {
  return new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 6 }).format(value);
}

/** Milliseconds as µs, ms, s, min, h or d. */
export function duration(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${digits(ms * 1000)} µs`;
  if (ms < NEARLY_SECOND_MS) return `${digits(ms)} ms`;
  if (ms < NEARLY_MINUTE_MS) return `${digits(ms / SECOND_MS)} s`;
  return seconds(ms / SECOND_MS);
}

/** Seconds in at most two units: `45 s`, `4 min 10 s`, `3 h 12 min`, `2 d 4 h`. */
export function seconds(value: number): string {
  const whole = Math.round(value);
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < HOUR_S) return pair(whole, MINUTE_S, "min", 1, "s");
  if (whole < DAY_S) return pair(whole, HOUR_S, "h", MINUTE_S, "min");
  return pair(whole, DAY_S, "d", HOUR_S, "h");
}

/** Seconds in one unit, for ages that change as one looks. */
export function age(value: number): string {
  const whole = Math.max(0, Math.floor(value));
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < HOUR_S) return `${Math.floor(whole / MINUTE_S)} min`;
  if (whole < 2 * DAY_S) return `${Math.floor(whole / HOUR_S)} h`;
  return `${Math.floor(whole / DAY_S)} d`;
}

/** Per second; slow rates per minute or hour, so that they do not read as zero. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return "0/s";
  if (perSecond >= 0.1) return `${digits(perSecond)}/s`;
  if (perSecond * MINUTE_S >= 0.1) return `${digits(perSecond * MINUTE_S)}/min`;
  return `${digits(perSecond * HOUR_S)}/h`;
}

function pair(value: number, big: number, bigUnit: string, small: number, smallUnit: string) {
  const rest = Math.floor((value % big) / small);
  const head = `${Math.floor(value / big)} ${bigUnit}`;
  return rest === 0 ? head : `${head} ${rest} ${smallUnit}`;
}

function digits(value: number): string {
  if (value >= COMPACT_FROM) return compactFormat.format(value);
  const fraction = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return new Intl.NumberFormat(LOCALE, { maximumFractionDigits: fraction }).format(value);
}
