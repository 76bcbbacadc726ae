import { togglePaused, usePaused } from "@/state/live";
import { useKey } from "@/state/keys";

/** Whether the page renews itself; `p` or a press pauses it. */
export function LiveControl({ failing }: { failing: boolean }) {
  const paused = usePaused();
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
      title={paused ? "Renew the values again (p)" : "Stop renewing the values (p)"}
      onClick={togglePaused}
    >
      <span className="live-dot" aria-hidden="true" />
      {word}
      <kbd aria-hidden="true">p</kbd>
    </button>
  );
}
