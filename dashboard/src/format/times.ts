import { LOCALE } from "./locale";

const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayAndClock = new Intl.DateTimeFormat(LOCALE, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

const DAY_MS = 86_400_000;

/** Epoch milliseconds of what the API writes as ISO text or as a number; null if it is neither. */
export function toMs(moment: string | number | null | undefined): number | null {
  if (moment === null || moment === undefined) return null;
  const ms = typeof moment === "number" ? moment : Date.parse(moment);
  return Number.isFinite(ms) ? ms : null;
}

/** Local time of day, with the date when it is not within the day before `now`. */
export function moment(ms: number, now: number): string {
  return (Math.abs(now - ms) < DAY_MS ? clock : dayAndClock).format(ms);
}

export function utc(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
