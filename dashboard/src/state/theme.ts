import { useEffect, useSyncExternalStore } from "react";
import { type Theme, THEMES, changeView, useView } from "./url";

const STORED = "woa-theme";
const DARK = "(prefers-color-scheme: dark)";

/** The chosen theme (the link's, else the one chosen last here) and how to choose another. */
export function useTheme(): { theme: Theme; choose: (theme: Theme) => void } {
  const { theme: linked } = useView();
  const theme = linked ?? stored();
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return { theme, choose };
}

/** What is really shown; charts draw their axes by it. */
export function useScheme(): "light" | "dark" {
  const { theme: linked } = useView();
  const theme = linked ?? stored();
  const systemDark = useSyncExternalStore(subscribeSystem, () => window.matchMedia(DARK).matches);
  if (theme !== "auto") return theme;
  return systemDark ? "dark" : "light";
}

function choose(theme: Theme): void {
  try {
    window.localStorage.setItem(STORED, theme);
  } catch {
    // A browser that stores nothing still has the choice in the link.
  }
  changeView({ theme }, "replace");
}

function stored(): Theme {
  try {
    const value = window.localStorage.getItem(STORED);
    return THEMES.find((known) => known === value) ?? "auto";
  } catch {
    return "auto";
  }
}

function subscribeSystem(listener: () => void): () => void {
  const media = window.matchMedia(DARK);
  media.addEventListener("change", listener);
  return () => media.removeEventListener("change", listener);
}
