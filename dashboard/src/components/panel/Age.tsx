import { age } from "@/format/numbers";
import { moment, toMs, utc } from "@/format/times";
import { useNow } from "@/state/clock";

/** `12 s ago`, renewed each second. */
export function Age({ at }: { at: string | number | null }) {
  const now = useNow();
  const ms = toMs(at);
  if (ms === null) return <span>at an unknown time</span>;
  return (
    <time dateTime={utc(ms)} title={utc(ms)}>
      {age((now - ms) / 1000)} ago
    </time>
  );
}

/** The time of day, and the date if it is not today's. */
export function Moment({ at }: { at: string | number | null }) {
  const now = useNow();
  const ms = toMs(at);
  if (ms === null) return <span>an unknown time</span>;
  return (
    <time dateTime={utc(ms)} title={utc(ms)}>
      {moment(ms, now)}
    </time>
  );
}
