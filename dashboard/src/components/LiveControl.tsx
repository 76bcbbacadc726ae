import { togglePaused, usePaused } from "@/state/live";
import { useKey } from "@/state/keys";
import { usePushed } from "@/state/updates";

/** Whether the page renews itself; `p` or a press pauses it. */
export function LiveControl({ failing }: { failing: boolean }) {
  const paused = usePaused();
  const pushed = usePushed();
  useKey("p", togglePaused);
  const word = paused ? "Paused" : failing ? "Retrying" : "Live";
  return (
    <button
      type="button"
      className={`live live-${word.toLowerCase()}`}
      aria-pressed={paused}
      aria-keyshortcuts="p"
      data-testid="live-control"
      data-value={word.toLowerCase()}
      data-updates={pushed ? "pushed" : "polled"}
      title={paused ? "Renew the values again (p)" : "Stop renewing the values (p)"}
      onClick={togglePaused}
    >
      <span className="live-dot" aria-hidden="true" />
      {word}
      <kbd aria-hidden="true">p</kbd>
    </button>
  );
}
