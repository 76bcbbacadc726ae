import { useSyncExternalStore } from "react";

/** Everything that a shared link must bring back. */
export interface ViewState {
  orchestrator: string | null;
  range: string;
  theme: Theme | null;
  queue: string | null;
  /** `health` when the explanation of the score is open. */
  explain: "health" | null;
  /** Panels that show their chart as a table. */
  tables: readonly string[];
}

export type Theme = "auto" | "light" | "dark";

export const THEMES: readonly Theme[] = ["auto", "light", "dark"];
export const DEFAULT_RANGE = "1h";

const RANGE = /^[1-9]\d{0,4}[smhdw]$/;
const listeners = new Set<() => void>();
let cached: { search: string; view: ViewState } | null = null;

export function parseView(search: string): ViewState {
  const query = new URLSearchParams(search);
  const range = query.get("range") ?? "";
  const theme = query.get("theme");
  return {
    orchestrator: query.get("orchestrator") || null,
    range: RANGE.test(range) ? range : DEFAULT_RANGE,
    theme: THEMES.find((known) => known === theme) ?? null,
    queue: query.get("queue") || null,
    explain: query.get("explain") === "health" ? "health" : null,
    tables: (query.get("tables") ?? "").split(",").filter((name) => name !== ""),
  };
}

/** The query string of a view; what is at its default is left out. */
export function formatView(view: ViewState): string {
  const query = new URLSearchParams();
  if (view.orchestrator !== null) query.set("orchestrator", view.orchestrator);
  if (view.range !== DEFAULT_RANGE) query.set("range", view.range);
  if (view.queue !== null) query.set("queue", view.queue);
  if (view.explain !== null) query.set("explain", view.explain);
  if (view.tables.length > 0) query.set("tables", view.tables.join(","));
  if (view.theme !== null) query.set("theme", view.theme);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

export function useView(): ViewState {
  return useSyncExternalStore(subscribe, snapshot);
}

/** Change the view. `push` adds a step for the browser's Back button. */
export function changeView(change: Partial<ViewState>, how: "push" | "replace" = "push"): void {
  const search = formatView({ ...snapshot(), ...change });
  if (search === window.location.search) return;
  const url = `${window.location.pathname}${search}${window.location.hash}`;
  if (how === "push") window.history.pushState(null, "", url);
  else window.history.replaceState(null, "", url);
  for (const listener of listeners) listener();
}

function snapshot(): ViewState {
  const { search } = window.location;
  if (cached?.search !== search) cached = { search, view: parseView(search) };
  return cached.view;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}
