import { useSyncExternalStore } from "react";

/** Whether the page renews itself. Not in the link: who opens one wants live values. */
let paused = false;
const listeners = new Set<() => void>();

export function usePaused(): boolean {
  return useSyncExternalStore(subscribe, () => paused);
}

export function isPaused(): boolean {
  return paused;
}

export function togglePaused(): void {
  paused = !paused;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
