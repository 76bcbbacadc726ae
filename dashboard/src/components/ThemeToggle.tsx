import { useTheme } from "@/state/theme";
import { THEMES } from "@/state/url";

/** Steps through automatic, light and dark. */
export function ThemeToggle() {
  const { theme, choose } = useTheme();
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  return (
    <button
      type="button"
      className="quiet"
      data-testid="theme-toggle"
      data-value={theme}
      title={`Change the theme to ${next}`}
      onClick={() => choose(next)}
    >
      Theme: {theme}
    </button>
  );
}
