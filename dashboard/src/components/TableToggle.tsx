import { changeView, useView } from "@/state/url";

/** Whether the panel shows its chart as a table, and the button that changes it. */
export function useTable(panel: string): boolean {
  return useView().tables.includes(panel);
}

export function TableToggle({ panel, subject }: { panel: string; subject: string }) {
  const { tables } = useView();
  const shown = tables.includes(panel);
  const next = shown ? tables.filter((name) => name !== panel) : [...tables, panel];
  return (
    <button
      type="button"
      className="quiet"
      aria-pressed={shown}
      aria-label={`${subject} as a table`}
      data-testid={`table-toggle-${panel}`}
      onClick={() => changeView({ tables: next }, "replace")}
    >
      Table
    </button>
  );
}
