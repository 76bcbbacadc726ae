import { expect, test } from "vitest";
import { type ViewState, formatView, parseView } from "./url";

const plain: ViewState = parseView("");

test("a view survives its link", () => {
  const view: ViewState = {
    orchestrator: "5f0c",
    range: "45m",
    theme: "dark",
    queue: "0b9c",
    explain: "health",
    tables: ["capacity", "queue"],
  };

  expect(parseView(formatView(view))).toEqual(view);
});

test("what is at its default is not in the link", () => {
  expect(formatView(plain)).toBe("");
});

test.each(["0h", "1", "h", "1y", "-1h", "1h;drop", "123456h"])("range %s is refused", (range) => {
  expect(parseView(`?range=${encodeURIComponent(range)}`).range).toBe("1h");
});

test("an unknown theme is none", () => {
  expect(parseView("?theme=neon").theme).toBeNull();
});
